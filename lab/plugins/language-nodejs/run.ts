import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import type { ProgramInfo, RunRequest } from "@pulumi/pulumi/proto/language_pb.js";

/** The runner's exit code for a failure that it has told the user of already. */
const alreadyReported = 32;

/** Options of `runtime` in `Pulumi.yaml` that the host heeds. */
export interface RuntimeOptions {
  /** Whether the program may be TypeScript; default true. */
  typescript?: boolean;
  /** Arguments for Node, separated by blanks. */
  nodeargs?: string;
  /** A tsconfig file other than `tsconfig.json`. */
  tsconfig?: string;
  /** What installs the packages: npm (default), pnpm, yarn or bun. */
  packagemanager?: string;
}

/** The options of a program that a request is about. */
export const optionsOf = (request: { getInfo(): ProgramInfo | undefined }): RuntimeOptions =>
  request.getInfo()?.getOptions()?.toJavaScript() ?? {};

/** Arguments for the runner that @pulumi/pulumi ships: who and what runs, then the program. */
export function runnerArguments(request: RunRequest, engine: string): string[] {
  const info = request.getInfo();
  const flags: [string, string | number][] = [
    ["--monitor", request.getMonitorAddress()],
    ["--engine", engine],
    ["--organization", request.getOrganization()],
    ["--project", request.getProject()],
    ["--root-directory", info?.getRootDirectory() ?? ""],
    ["--stack", request.getStack()],
    ["--pwd", request.getPwd()],
    ["--parallel", request.getParallel()],
  ];
  return [
    ...flags.filter(([, value]) => value !== "").flatMap(([flag, value]) => [flag, String(value)]),
    ...(request.getDryrun() ? ["--dry-run"] : []),
    info?.getEntryPoint() || ".",
    ...request.getArgsList(),
  ];
}

/** What the runner reads from its environment. */
export function runnerEnvironment(request: RunRequest, options: RuntimeOptions): NodeJS.ProcessEnv {
  return {
    ...process.env,
    // This host's own compile cache holds this host.
    NODE_COMPILE_CACHE: process.env.SLIPWAY_PROGRAM_COMPILE_CACHE,
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().entries())),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
    PULUMI_NODEJS_TYPESCRIPT: String(options.typescript ?? true),
    ...(options.tsconfig ? { PULUMI_NODEJS_TSCONFIG_PATH: options.tsconfig } : {}),
  };
}

/** The runner of the @pulumi/pulumi that the program in `folder` has. */
function runnerOf(folder: string): string {
  try {
    return createRequire(path.join(folder, "package.json")).resolve("@pulumi/pulumi/cmd/run");
  } catch {
    throw new Error(`@pulumi/pulumi is not installed in ${folder}; install its packages: pulumi install`);
  }
}

/** How a program's run ended: well, or with an error, or with one that the user was told of already. */
export interface Outcome {
  error?: string;
  bail?: boolean;
}

/**
 * Runs the program with the Node on PATH and the @pulumi/pulumi of its own folder. Fails where that is
 * not installed.
 */
export function runProgram(
  request: RunRequest,
  engine: string,
): { child: ChildProcess; outcome: Promise<Outcome> } {
  const info = request.getInfo();
  const folder = info?.getProgramDirectory() || request.getPwd();
  const options = optionsOf(request);
  if (request.getAttachDebugger())
    throw new Error(
      "--attach-debugger is not in this stand-in; set runtime.options.nodeargs to --inspect-brk",
    );
  const runner = runnerOf(folder);
  const nodeArgs = options.nodeargs?.split(/\s+/).filter(Boolean) ?? [];
  const child = spawn("node", [...nodeArgs, runner, ...runnerArguments(request, engine)], {
    cwd: folder,
    env: runnerEnvironment(request, options),
    stdio: ["ignore", "inherit", "inherit"],
  });
  const outcome = new Promise<Outcome>((resolve) => {
    child.once("error", (error) => resolve({ error: `can't run Node.js: ${error.message}` }));
    child.once("exit", (code, signal) => {
      if (code === 0) resolve({});
      else if (code === alreadyReported) resolve({ bail: true });
      else resolve({ error: `the program ended ${signal ? `by ${signal}` : `with exit code ${code}`}` });
    });
  });
  return { child, outcome };
}
