/**
 * `pulumi-language-nodejs`, a stand-in for the language host of that name, which no package registry
 * has: the engine's LanguageRuntime service for programs in Node.js.
 */
import { spawn, type ChildProcess } from "node:child_process";
import * as grpc from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb.js";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb.js";
import * as messages from "@pulumi/pulumi/proto/language_pb.js";
import { PackageDependency, PluginDependency, PluginInfo } from "@pulumi/pulumi/proto/plugin_pb.js";
import { programDependencies, providerPackages } from "./packages.ts";
import { runProgram } from "./run.ts";

/** The engine that started this host: its first argument that is no flag. */
let engine = process.argv.slice(2).find((argument) => !argument.startsWith("-")) ?? "";
const children = new Set<ChildProcess>();

const stop = () => {
  for (const child of children) child.kill();
};

type Handler<Request, Response> = (request: Request) => Promise<Response> | Response;

/** A unary call: answers with what the handler gives, or with its error. */
const unary =
  <Request, Response>(handler: Handler<Request, Response>): grpc.handleUnaryCall<Request, Response> =>
  async (call, reply) => {
    try {
      reply(null, await handler(call.request));
    } catch (error) {
      reply({ code: grpc.status.UNKNOWN, details: (error as Error).message });
    }
  };

const folderOf = (request: { getInfo(): messages.ProgramInfo | undefined }) =>
  request.getInfo()?.getProgramDirectory() || process.cwd();

const handlers = {
  handshake: unary((request: messages.LanguageHandshakeRequest) => {
    engine = request.getEngineAddress() || engine;
    return new messages.LanguageHandshakeResponse();
  }),

  getPluginInfo: unary(() => new PluginInfo().setVersion(process.versions.node)),

  getRequiredPackages: unary((request: messages.GetRequiredPackagesRequest) =>
    new messages.GetRequiredPackagesResponse().setPackagesList(
      providerPackages(folderOf(request)).map(({ name, version, server = "" }) =>
        new PackageDependency().setName(name).setKind("resource").setVersion(`v${version}`).setServer(server),
      ),
    ),
  ),

  getRequiredPlugins: unary((request: messages.GetRequiredPluginsRequest) =>
    new messages.GetRequiredPluginsResponse().setPluginsList(
      providerPackages(folderOf(request)).map(({ name, version, server = "" }) =>
        new PluginDependency().setName(name).setKind("resource").setVersion(`v${version}`).setServer(server),
      ),
    ),
  ),

  run: unary(async (request: messages.RunRequest) => {
    const { child, outcome } = runProgram(request, engine);
    children.add(child);
    const { error = "", bail = false } = await outcome;
    children.delete(child);
    return new messages.RunResponse().setError(error).setBail(bail);
  }),

  about: unary(() =>
    new messages.AboutResponse().setExecutable(process.execPath).setVersion(process.version),
  ),

  getProgramDependencies: unary((request: messages.GetProgramDependenciesRequest) =>
    new messages.GetProgramDependenciesResponse().setDependenciesList(
      programDependencies(folderOf(request), request.getTransitivedependencies()).map(({ name, version }) =>
        new messages.DependencyInfo().setName(name).setVersion(version),
      ),
    ),
  ),

  runtimeOptionsPrompts: unary(() => new messages.RuntimeOptionsResponse()),

  cancel: unary(() => {
    stop();
    return new Empty();
  }),

  /** `pulumi install`: npm, from the lock file. */
  installDependencies(
    call: grpc.ServerWritableStream<
      messages.InstallDependenciesRequest,
      messages.InstallDependenciesResponse
    >,
  ) {
    const npm = spawn("npm", ["ci", "--no-audit", "--no-fund"], { cwd: folderOf(call.request) });
    children.add(npm);
    npm.stdout.on("data", (data: Buffer) =>
      call.write(new messages.InstallDependenciesResponse().setStdout(data)),
    );
    npm.stderr.on("data", (data: Buffer) =>
      call.write(new messages.InstallDependenciesResponse().setStderr(data)),
    );
    npm.once("error", (error) => call.emit("error", { code: grpc.status.UNKNOWN, details: error.message }));
    npm.once("exit", (code) => {
      children.delete(npm);
      if (code === 0) call.end();
      else call.emit("error", { code: grpc.status.UNKNOWN, details: `npm ci ended with ${code}` });
    });
  },
};

process.on("SIGTERM", () => {
  stop();
  process.exit(0);
});

const server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
server.addService(LanguageRuntimeService, handlers as unknown as grpc.UntypedServiceImplementation);
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) {
    process.stderr.write(`pulumi-language-nodejs (stand-in): ${error.message}\n`);
    process.exit(1);
  }
  process.stdout.write(`${port}\n`);
});
