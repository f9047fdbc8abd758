import { execa, type ResultPromise } from "execa";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { stringify } from "yaml";
import { labVariables, labPath } from "../../environment.ts";
import { cacheDir, checkout } from "../../paths.ts";
import type { Conclusion, Step } from "../runs.ts";
import { ActLog } from "./actLog.ts";

/** A job to run, as on a runner that nobody used before. */
export interface JobSpec {
  /** Executable of act. */
  act: string;
  /** Folder for the job alone; it is made, and is gone afterwards. */
  folder: string;
  /** Where the repository is cloned from, and the token for that. */
  clone: { url: string; token: string };
  commit: string;
  /** Full ref of the event. */
  ref: string;
  /** The workflow with this one job. */
  workflow: Record<string, unknown>;
  event: { name: string; payload: Record<string, unknown> };
  secrets: Record<string, string>;
  variables: Record<string, string>;
  /** GitHub's own environment variables: GITHUB_REPOSITORY, ... */
  env: Record<string, string>;
  actor: string;
  defaultBranch: string;
  /** Told whenever there is more in the log. */
  progress(steps: Step[], added: string): void;
}

/** How a job ended. */
export interface JobResult {
  conclusion: Conclusion;
  steps: Step[];
  log: string;
}

/** Environment variables that a runner has, wherever it is: how the network is reached, and the language. */
const passed =
  /^(LANG|LC_\w+|TZ|TMPDIR|SSL_CERT_\w+|NODE_EXTRA_CA_CERTS|CURL_CA_BUNDLE|\w+_proxy|npm_config_registry)$/i;

/** The stand-ins for actions that can't be fetched, by `owner/name` as workflows pin them. */
const actions = { "actions/cache": path.join(checkout, "lab/actions/cache") };

const pins = (workflow: unknown): string[] =>
  [...JSON.stringify(workflow).matchAll(/"uses":"([\w.-]+\/[\w.-]+)@([\w.-]+)"/g)].flatMap(
    ([, name, ref]) => {
      const folder = actions[name as keyof typeof actions];
      return folder ? ["--local-repository", `${name}@${ref}=${folder}`] : [];
    },
  );

const dotenv = (values: Record<string, string>) =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${JSON.stringify(value).replaceAll("$", "\\$")}\n`)
    .join("");

/** A job that is under way. */
export interface RunningJob {
  result: Promise<JobResult>;
  /** Ends it, and everything that it started. */
  cancel(): void;
}

/** Runs a job with act. Its failure is a result like any other. */
export function startJob(spec: JobSpec): RunningJob {
  let child: ResultPromise | undefined;
  let cancelled = false;
  const run = async (): Promise<JobResult> => {
    const log = new ActLog([...Object.values(spec.secrets), spec.clone.token]);
    const tell = (line: string) => spec.progress(log.steps, log.take(line));
    const home = path.join(spec.folder, "home");
    const work = path.join(spec.folder, "repository");
    mkdirSync(home, { recursive: true });
    mkdirSync(work, { recursive: true, mode: 0o700 });
    const variables = labVariables();
    const environment = {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => passed.test(name))),
      PATH: labPath(),
      HOME: home,
      // The lab's tools, which a runner has installed; nothing that opens a door.
      PULUMI_HOME: variables.PULUMI_HOME,
      PULUMI_SKIP_UPDATE_CHECK: "true",
      ...(variables.DOCKER_HOST ? { DOCKER_HOST: variables.DOCKER_HOST } : {}),
      npm_config_cache: process.env.npm_config_cache ?? path.join(homedir(), ".npm"),
      npm_config_userconfig: process.env.npm_config_userconfig ?? path.join(homedir(), ".npmrc"),
      npm_config_update_notifier: "false",
      SLIPWAY_PROGRAM_COMPILE_CACHE: variables.SLIPWAY_PROGRAM_COMPILE_CACHE,
      SLIPWAY_LAB_ACTIONS_CACHE: path.join(cacheDir, "actions"),
    } as Record<string, string>;
    try {
      await clone(spec, work, environment);
      const file = (name: string, text: string) => {
        const target = path.join(spec.folder, name);
        writeFileSync(target, text, { mode: 0o600 });
        return target;
      };
      if (cancelled) return { conclusion: "cancelled", steps: [], log: log.text };
      child = execa(
        spec.act,
        [
          ...[spec.event.name, "--json", "--no-cache-server", "--directory", work, "--no-recurse"],
          ...["--workflows", file("workflow.yaml", stringify(spec.workflow))],
          ...["--platform", "ubuntu-latest=-self-hosted", "--actor", spec.actor],
          ...["--defaultbranch", spec.defaultBranch],
          ...["--eventpath", file("event.json", JSON.stringify(spec.event.payload))],
          ...["--secret-file", file("secrets", dotenv(spec.secrets))],
          ...["--var-file", file("variables", dotenv(spec.variables))],
          ...["--env-file", file("environment", dotenv({ ...environment, ...spec.env }))],
          ...pins(spec.workflow),
        ],
        {
          env: environment,
          extendEnv: false,
          all: true,
          buffer: false,
          reject: false,
          stdin: "ignore",
          detached: true,
        },
      );
      for await (const line of child.iterable({ from: "all" })) tell(line as string);
      await child;
    } catch (error) {
      tell(`The job could not be started: ${(error as Error).message.split("\n")[0]}`);
    } finally {
      rmSync(spec.folder, { recursive: true, force: true });
    }
    return {
      conclusion: cancelled ? "cancelled" : (log.result ?? "failure"),
      steps: log.steps,
      log: log.text,
    };
  };
  return {
    result: run(),
    cancel() {
      cancelled = true;
      if (child?.pid)
        try {
          process.kill(-child.pid, "SIGTERM");
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
        }
    },
  };
}

/** Clones as actions/checkout would, with the job's own token, which is not left behind. */
async function clone(
  { clone, commit, ref }: JobSpec,
  folder: string,
  environment: Record<string, string>,
): Promise<void> {
  const env = {
    ...environment,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_TERMINAL_PROMPT: "0",
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: "http.extraHeader",
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${Buffer.from(`x-access-token:${clone.token}`).toString("base64")}`,
  };
  const git = (...args: string[]) => execa("git", args, { cwd: folder, env, extendEnv: false });
  await git("init", "--quiet");
  await git("remote", "add", "origin", clone.url);
  await git("fetch", "--quiet", "--tags", "origin", "+refs/heads/*:refs/remotes/origin/*", commit);
  const branch = /^refs\/heads\/(.+)$/.exec(ref)?.[1];
  await git("checkout", "--quiet", ...(branch ? ["-B", branch] : ["--detach"]), commit);
}
