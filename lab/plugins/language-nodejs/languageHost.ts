import { spawn, type ChildProcess } from "node:child_process";
import * as grpc from "@grpc/grpc-js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import sdk from "@pulumi/pulumi/package.json" with { type: "json" };
import messages from "@pulumi/pulumi/proto/language_pb.js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import { unary } from "../unary.ts";
import { installCommand } from "./install.ts";
import { programDependencies, providerPackages } from "./packages.ts";
import { optionsOf, runProgram } from "./run.ts";

const folderOf = (request: { getInfo(): messages.ProgramInfo | undefined }) =>
  request.getInfo()?.getProgramDirectory() || process.cwd();

/** The host: its handlers of the LanguageRuntime service, and what ends the programs that it runs. */
export interface LanguageHost {
  handlers: grpc.UntypedServiceImplementation;
  stop(): void;
}

/** A language host for Node.js programs. `engine`: address of the engine that started it. */
export function languageHost(engine: string): LanguageHost {
  let engineAddress = engine;
  const children = new Set<ChildProcess>();
  const keep = <Child extends ChildProcess>(child: Child): Child => {
    children.add(child);
    child.once("close", () => children.delete(child));
    return child;
  };
  const stop = () => {
    for (const child of children) child.kill();
  };

  const handlers = {
    handshake: unary((request: messages.LanguageHandshakeRequest) => {
      engineAddress = request.getEngineAddress() || engineAddress;
      return new messages.LanguageHandshakeResponse();
    }),

    getPluginInfo: unary(() =>
      new plugin.PluginInfo().setVersion(`${sdk.version.replace(/^v/, "")}-stand-in`),
    ),

    getRequiredPackages: unary((request: messages.GetRequiredPackagesRequest) =>
      new messages.GetRequiredPackagesResponse().setPackagesList(
        providerPackages(folderOf(request)).map(({ name, version, server = "" }) =>
          new plugin.PackageDependency()
            .setName(name)
            .setKind("resource")
            .setVersion(`v${version}`)
            .setServer(server),
        ),
      ),
    ),

    getRequiredPlugins: unary((request: messages.GetRequiredPluginsRequest) =>
      new messages.GetRequiredPluginsResponse().setPluginsList(
        providerPackages(folderOf(request)).map(({ name, version, server = "" }) =>
          new plugin.PluginDependency()
            .setName(name)
            .setKind("resource")
            .setVersion(`v${version}`)
            .setServer(server),
        ),
      ),
    ),

    run: unary(async (request: messages.RunRequest) => {
      const { child, outcome } = runProgram(request, engineAddress);
      keep(child);
      const { error = "", bail = false } = await outcome;
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
      return new empty.Empty();
    }),

    installDependencies(
      call: grpc.ServerWritableStream<
        messages.InstallDependenciesRequest,
        messages.InstallDependenciesResponse
      >,
    ) {
      const fail = (details: string) => call.emit("error", { code: grpc.status.UNKNOWN, details });
      const folder = call.request.getInfo()?.getProgramDirectory() || call.request.getDirectory();
      try {
        const [command, ...args] = installCommand(folder, optionsOf(call.request).packagemanager);
        const child = keep(spawn(command, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] }));
        child.stdout.on("data", (data: Buffer) =>
          call.write(new messages.InstallDependenciesResponse().setStdout(data)),
        );
        child.stderr.on("data", (data: Buffer) =>
          call.write(new messages.InstallDependenciesResponse().setStderr(data)),
        );
        child.once("error", (error) => fail(`can't run ${command}: ${error.message}`));
        child.once("close", (code) => {
          if (code === 0) call.end();
          else fail(`${command} ${args.join(" ")} ended with ${code}`);
        });
      } catch (error) {
        fail((error as Error).message);
      }
    },
  };
  return { handlers: handlers as unknown as grpc.UntypedServiceImplementation, stop };
}
