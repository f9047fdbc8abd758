/**
 * `pulumi-language-nodejs`, a stand-in for the language host of that name, which no package registry
 * has: the engine's LanguageRuntime service for programs in Node.js.
 */
import services from "@pulumi/pulumi/proto/language_grpc_pb.js";
import { servePlugin } from "../servePlugin.ts";
import { languageHost, type LanguageHost } from "./languageHost.ts";

let host: LanguageHost | undefined;

servePlugin({
  name: "pulumi-language-nodejs",
  service: services.LanguageRuntimeService as never,
  handlers: (engine) => (host = languageHost(engine)).handlers,
  stop: () => host?.stop(),
});
