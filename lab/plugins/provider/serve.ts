import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { servePlugin } from "../servePlugin.ts";
import { engineLog } from "./engineLog.ts";
import { handlersOf } from "./handlers.ts";
import type { Provider } from "./provider.ts";

/** Runs a provider as a plugin. */
export function serve<Client>(provider: Provider<Client>): void {
  servePlugin({
    name: `pulumi-resource-${provider.name}`,
    service: services.ResourceProviderService,
    handlers: (engine) => handlersOf(provider, engineLog(engine)),
  });
}
