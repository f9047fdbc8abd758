import * as grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { engineLog } from "./engineLog.ts";
import { handlersOf } from "./handlers.ts";
import type { Provider } from "./provider.ts";

/** Runs a provider as a plugin: prints its port for the engine, whose address is the first argument. */
export function serve<Client>(provider: Provider<Client>): void {
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
  const engine = process.argv.slice(2).find((argument) => !argument.startsWith("-")) ?? "";
  server.addService(services.ResourceProviderService, handlersOf(provider, engineLog(engine)));
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) {
      process.stderr.write(`pulumi-resource-${provider.name} (stand-in): ${error.message}\n`);
      process.exit(1);
    }
    process.stdout.write(`${port}\n`);
  });
}
