import * as grpc from "@grpc/grpc-js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import type plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import statusMessage from "@pulumi/pulumi/proto/status_pb.js";
import { promisify } from "node:util";
import { handlersOf } from "../plugins/provider/handlers.ts";
import type { Provider } from "../plugins/provider/provider.ts";
import { receive, send, type Properties, type Received } from "../plugins/provider/values.ts";

/** What an engine keeps of a resource. */
export interface Kept {
  id: string;
  inputs: Properties;
  state: Properties;
  secrets: string[];
}

/** A create or update that left an unfinished resource. */
export class InitFailed extends Error {
  readonly kept: Kept;
  constructor(message: string, kept: Kept) {
    super(message);
    this.kept = kept;
  }
}

interface Detailed {
  changes: string[];
  replaces: string[];
  deleteBeforeReplace: boolean;
}

function initFailed(error: unknown): unknown {
  const { details, metadata } = error as grpc.ServiceError;
  const [bytes] = metadata?.get("grpc-status-details-bin") ?? [];
  if (!Buffer.isBuffer(bytes)) return new Error(details);
  const [any] = statusMessage.Status.deserializeBinary(bytes).getDetailsList();
  const failed = messages.ErrorResourceInitFailed.deserializeBinary(any?.getValue_asU8() ?? new Uint8Array());
  const { values: state, secrets } = receive(failed.getProperties());
  return new InitFailed(details, {
    id: failed.getId(),
    inputs: receive(failed.getInputs()).values,
    state,
    secrets,
  });
}

/** A provider behind a real gRPC connection, and an engine's side of it for resources of one type. */
export async function engineOf<Client>(provider: Provider<Client>, type: string) {
  const lines: string[] = [];
  const server = new grpc.Server();
  const log = { write: (_urn: string, message: string) => void lines.push(message) };
  server.addService(services.ResourceProviderService, handlersOf(provider, log));
  const port = await promisify(server.bindAsync.bind(server))(
    "127.0.0.1:0",
    grpc.ServerCredentials.createInsecure(),
  );
  const client = new services.ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  const urn = `urn:pulumi:test::test::${type}::thing`;

  type Callback<Response> = (error: grpc.ServiceError | null, response: Response) => void;
  const call = <Response>(start: (callback: Callback<Response>) => void) =>
    new Promise<Response>((resolve, reject) =>
      start((error, response) => (error ? reject(initFailed(error) as Error) : resolve(response))),
    );

  const engine = {
    lines,

    async configure(config: Properties): Promise<void> {
      const request = new messages.ConfigureRequest();
      request.setArgs(send(config));
      await call<messages.ConfigureResponse>((done) => client.configure(request, done));
    },

    version: async () =>
      (await call<plugin.PluginInfo>((done) => client.getPluginInfo(new empty.Empty(), done))).getVersion(),

    async check(news: Properties, olds: Properties = {}, secrets: string[] = []) {
      const request = new messages.CheckRequest();
      request.setUrn(urn);
      request.setNews(send(news, secrets));
      request.setOlds(send(olds));
      request.setRandomseed(Buffer.from("0123456789abcdef", "hex"));
      const response = await call<messages.CheckResponse>((done) => client.check(request, done));
      return {
        failures: response.getFailuresList().map((one) => `${one.getProperty()}: ${one.getReason()}`),
        inputs: receive(response.getInputs()),
      };
    },

    async diff(kept: Kept, news: Properties, ignored: string[] = []): Promise<Detailed> {
      const request = new messages.DiffRequest();
      request.setUrn(urn);
      request.setId(kept.id);
      request.setOlds(send(kept.state, kept.secrets));
      request.setOldInputs(send(kept.inputs));
      request.setNews(send(news));
      request.setIgnorechangesList(ignored);
      const response = await call<messages.DiffResponse>((done) => client.diff(request, done));
      return {
        changes: [...response.getDetaileddiffMap().keys()].sort() as unknown as string[],
        replaces: response.getReplacesList(),
        deleteBeforeReplace: response.getDeletebeforereplace(),
      };
    },

    async create(
      inputs: Properties,
      options: { preview?: boolean; timeout?: number; secrets?: string[] } = {},
    ) {
      const request = new messages.CreateRequest();
      request.setUrn(urn);
      request.setProperties(send(inputs, options.secrets));
      request.setPreview(options.preview ?? false);
      request.setTimeout(options.timeout ?? 0);
      const response = await call<messages.CreateResponse>((done) => client.create(request, done));
      const { values: state, secrets }: Received = receive(response.getProperties());
      return { id: response.getId(), inputs, state, secrets };
    },

    async update(kept: Kept, inputs: Properties, options: { preview?: boolean; ignored?: string[] } = {}) {
      const request = new messages.UpdateRequest();
      request.setUrn(urn);
      request.setId(kept.id);
      request.setOlds(send(kept.state, kept.secrets));
      request.setOldInputs(send(kept.inputs));
      request.setNews(send(inputs));
      request.setPreview(options.preview ?? false);
      request.setIgnorechangesList(options.ignored ?? []);
      const response = await call<messages.UpdateResponse>((done) => client.update(request, done));
      const { values: state, secrets } = receive(response.getProperties());
      return { id: kept.id, inputs, state, secrets };
    },

    /** Undefined if the resource is gone. An import: only an id. */
    async read(kept: Pick<Kept, "id"> & Partial<Kept>): Promise<Kept | undefined> {
      const request = new messages.ReadRequest();
      request.setUrn(urn);
      request.setId(kept.id);
      if (kept.state) request.setProperties(send(kept.state, kept.secrets));
      if (kept.inputs) request.setInputs(send(kept.inputs));
      const response = await call<messages.ReadResponse>((done) => client.read(request, done));
      if (!response.getId()) return undefined;
      const { values: state, secrets } = receive(response.getProperties());
      return { id: response.getId(), inputs: receive(response.getInputs()).values, state, secrets };
    },

    async delete(kept: Kept): Promise<void> {
      const request = new messages.DeleteRequest();
      request.setUrn(urn);
      request.setId(kept.id);
      request.setProperties(send(kept.state, kept.secrets));
      await call((done) => client.delete(request, done));
    },

    async invoke(token: string, args: Properties) {
      const request = new messages.InvokeRequest();
      request.setTok(token);
      request.setArgs(send(args));
      const response = await call<messages.InvokeResponse>((done) => client.invoke(request, done));
      return {
        failures: response.getFailuresList().map((one) => `${one.getProperty()}: ${one.getReason()}`),
        ...receive(response.getReturn()),
      };
    },

    cancel: () => call((done) => client.cancel(new empty.Empty(), done)),

    close(): void {
      client.close();
      server.forceShutdown();
    },
  };
  return engine;
}
