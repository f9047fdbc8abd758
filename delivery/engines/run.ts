import { execa } from "execa";
import type { Job } from "../job.ts";
import { EngineFailure } from "./failure.ts";

/** How to run a program. */
export interface Command {
  /** Program, found among the checkout's packages first, and its arguments. */
  args: [program: string, ...args: string[]];
  /** The job, in whose folder and with whose variables it runs. */
  job: Job;
  /** Variables beside the job's. */
  env?: NodeJS.ProcessEnv;
  /** Takes its output, line by line, as it comes. */
  shown?: (line: string) => void;
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
export async function run({ args: [program, ...args], job, env, shown }: Command): Promise<Outcome> {
  const child = execa(program, args, {
    cwd: job.folder,
    env: { ...job.env, ...withheld, ...env },
    extendEnv: false,
    preferLocal: true,
    localDir: job.folder,
    stdin: "ignore",
    all: true,
    reject: false,
    maxBuffer: 1_000_000_000,
  });
  // Both streams, so that neither fills up while the other is read.
  const reading = shown
    ? (async () => {
        for await (const line of child.iterable({ from: "all" })) shown(line);
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
