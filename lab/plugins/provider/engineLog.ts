import * as grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/engine_pb.js";

/** Where a provider's lines go. */
export interface EngineLog {
  /** `ephemeral`: shown only until the next line of that resource. */
  write(urn: string, message: string, ephemeral: boolean): void;
}

/**
 * The log of the engine at an address such as `127.0.0.1:4711`. A line that does not arrive is lost: an
 * engine that is gone shows nothing anyway.
 */
export function engineLog(address: string): EngineLog {
  const client = new services.EngineClient(address, grpc.credentials.createInsecure());
  // One after the other: the engine shows lines as they come.
  let last = Promise.resolve();
  return {
    write(urn, message, ephemeral) {
      const line = new messages.LogRequest();
      line.setSeverity(messages.LogSeverity.INFO);
      line.setUrn(urn);
      line.setMessage(message);
      line.setEphemeral(ephemeral);
      last = last.then(() => new Promise((resolve) => client.log(line, () => resolve())));
    },
  };
}
