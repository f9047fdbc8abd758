import * as grpc from "@grpc/grpc-js";
import anyMessage from "google-protobuf/google/protobuf/any_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import statusMessage from "@pulumi/pulumi/proto/status_pb.js";
import { unary as unaryCall } from "../unary.ts";
import type { Change } from "./diff.ts";
import { Unfinished } from "./provider.ts";
import type { Failure } from "./schema.ts";
import { send } from "./values.ts";

/** A unary call: answers with what the handler gives, or with its error. */
export const unary = <Request, Response>(handler: (request: Request) => Promise<Response> | Response) =>
  unaryCall(handler, details);

/** What goes along with an error: of an unfinished resource, what there is of it. */
function details(error: unknown): grpc.Metadata {
  const metadata = new grpc.Metadata();
  if (!(error instanceof Unfinished)) return metadata;
  const { found, message, secrets, inputs } = error;
  const failed = new messages.ErrorResourceInitFailed();
  failed.setId(found.id);
  failed.setProperties(send(found.state, secrets));
  failed.setReasonsList([message]);
  failed.setInputs(send(inputs, secrets));
  const packed = new anyMessage.Any();
  packed.pack(failed.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new statusMessage.Status();
  status.setCode(grpc.status.UNKNOWN);
  status.setMessage(message);
  status.addDetails(packed);
  // gRPC's own place for structured errors, which grpc-js leaves to its users.
  metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  return metadata;
}

/** What is wrong with properties, as the engine reads it. */
export const checkFailures = (failures: Failure[]) =>
  failures.map(({ property, reason }) => {
    const failure = new messages.CheckFailure();
    failure.setProperty(property);
    failure.setReason(reason);
    return failure;
  });

const { PropertyDiff, DiffResponse } = messages;
const kinds = {
  add: [PropertyDiff.Kind.ADD, PropertyDiff.Kind.ADD_REPLACE],
  delete: [PropertyDiff.Kind.DELETE, PropertyDiff.Kind.DELETE_REPLACE],
  update: [PropertyDiff.Kind.UPDATE, PropertyDiff.Kind.UPDATE_REPLACE],
} as const;

/**
 * Differences as the engine reads them. `ofInputs`: whether the changes are from the last inputs, which the engine then shows beside the
 * new ones.
 */
export function diffResponse(changes: Change[], deleteBeforeReplace: boolean, ofInputs = false) {
  const response = new DiffResponse();
  const top = (path: string) => path.split(/[.[]/, 1)[0] as string;
  const replacing = changes.filter((change) => change.replaces);
  response.setChanges(
    changes.length ? DiffResponse.DiffChanges.DIFF_SOME : DiffResponse.DiffChanges.DIFF_NONE,
  );
  response.setDiffsList([...new Set(changes.map(({ path }) => top(path)))]);
  response.setReplacesList([...new Set(replacing.map(({ path }) => top(path)))]);
  response.setDeletebeforereplace(replacing.length > 0 && deleteBeforeReplace);
  response.setHasdetaileddiff(true);
  for (const { path, kind, replaces } of changes) {
    const diff = new PropertyDiff();
    diff.setKind(kinds[kind][replaces ? 1 : 0]);
    diff.setInputdiff(ofInputs);
    response.getDetaileddiffMap().set(path, diff);
  }
  return response;
}
