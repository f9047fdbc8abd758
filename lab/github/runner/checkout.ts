import { execa } from "execa";
import { mkdirSync } from "node:fs";
import type { StepFile } from "./actLog.ts";

/** What is checked out, and from where. */
export interface Checkout {
  /** Where the repository is cloned from, and the token for that. */
  url: string;
  token: string;
  commit: string;
  /** Full ref of the event. */
  ref: string;
}

/** What a job's step for actions/checkout asks for, as far as the lab does it; undefined without a step. */
export function askedCheckout(steps: StepFile[]): { depth: number; keepsToken: boolean } | undefined {
  const asked = steps
    .filter(({ uses }) => uses?.startsWith("actions/checkout@"))
    .map(({ with: inputs }) => ({
      depth: Number(inputs?.["fetch-depth"] ?? 1) || 0,
      keepsToken: String(inputs?.["persist-credentials"] ?? true) === "true",
    }));
  return asked.find(({ depth }) => depth === 0) ?? asked[0];
}

/** The ref of a clone by which actions/checkout keeps what it has fetched. */
const keptAs = (ref: string) =>
  ref.replace(/^refs\/heads\//, "refs/remotes/origin/").replace(/^refs\/pull\//, "refs/remotes/pull/");

/**
 * Clones as actions/checkout would (act copies what is here in its place): this commit alone, or with a
 * depth of 0 all branches and tags with their history.
 */
export async function checkOut(
  folder: string,
  { url, token, commit, ref }: Checkout,
  asked: { depth: number; keepsToken: boolean },
  environment: Record<string, string>,
): Promise<void> {
  const login = `Authorization: Basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`;
  const env = {
    ...environment,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "http.extraHeader",
    GIT_CONFIG_VALUE_0: login,
  };
  const git = (...args: string[]) => execa("git", args, { cwd: folder, env, extendEnv: false });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await git("init", "--quiet");
  await git("remote", "add", "origin", url);
  const all = ["--tags", "origin", "+refs/heads/*:refs/remotes/origin/*", commit];
  const one = ["--no-tags", `--depth=${asked.depth}`, "origin", `+${commit}:${keptAs(ref)}`];
  await git("fetch", "--quiet", ...(asked.depth === 0 ? all : one));
  const branch = /^refs\/heads\/(.+)$/.exec(ref)?.[1];
  await git("checkout", "--quiet", ...(branch ? ["-B", branch] : ["--detach"]), commit);
  if (asked.keepsToken) await git("config", `http.${new URL(url).origin}/.extraHeader`, login);
}
