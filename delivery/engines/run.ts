import { execa } from "execa";
import { asLog } from "../annotations.ts";
import type { Mask } from "../masking.ts";
import { EngineFailure } from "./failure.ts";

/** How to run a program. */
export interface Command {
  /** Program, found among the checkout's packages first, and its arguments. */
  args: [program: string, ...args: string[]];
  /** Folder to run it in. */
  folder: string;
  /** Variables beside the job's. */
  env?: NodeJS.ProcessEnv;
  /** Whether its output goes to the log, line by line, as it comes. */
  shown?: Mask;
}

/** What a program did. */
export interface Outcome {
  exitCode: number;
  stdout: string;
  stderr: string;
  /** Both, in the order they came. */
  all: string;
}

/** The token is for what talks to GitHub here, not for what an engine starts. */
const withheld = { GITHUB_TOKEN: undefined, SLIPWAY_SECRETS: undefined };

/** Runs a program to its end, whatever its exit code. Fails with `EngineFailure` if it isn't there. */
export async function run({ args: [program, ...args], folder, env, shown }: Command): Promise<Outcome> {
  const child = execa(program, args, {
    cwd: folder,
    env: { ...withheld, ...env },
    preferLocal: true,
    localDir: folder,
    stdin: "ignore",
    all: true,
    reject: false,
    maxBuffer: 1_000_000_000,
  });
  // Both streams, so that neither fills up while the other is read.
  const reading = shown
    ? (async () => {
        for await (const line of child.iterable({ from: "all" })) console.log(asLog(shown(line)));
      })()
    : undefined;
  const [result] = await Promise.all([child, reading]);
  // Without an exit code it did not start, or a signal ended it.
  if (result.exitCode === undefined)
    throw new EngineFailure(
      result.code === "ENOENT" ? `${program} is not on PATH` : (result.shortMessage ?? `${program} failed`),
      "",
    );
  return {
    exitCode: result.exitCode,
    stdout: result.stdout,
    stderr: result.stderr,
    all: result.all ?? "",
  };
}
