import { execa, type ResultPromise } from "execa";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { stringify } from "yaml";
import { labPath, labVariables } from "../../environment.ts";
import { cacheDir, checkout } from "../../paths.ts";
import type { Conclusion, Step } from "../runs.ts";
import { ActLog, type StepFile } from "./actLog.ts";
import { askedCheckout, type Checkout, checkOut } from "./checkout.ts";
import { endProcesses, processesOf, signal, trackingVariable } from "./leftovers.ts";

/** A job to run, as on a runner that nobody used before. */
export interface JobSpec {
  /** Executable of act. */
  act: string;
  /** Folder for the job alone; it is made, and is gone afterwards. */
  folder: string;
  /** No other job on this machine has it, nor begins with it. */
  trackingId: string;
  /** Key of the job in its workflow. */
  key: string;
  checkout: Checkout;
  /** The workflow with this job, and what act needs to know of others. */
  workflow: Record<string, unknown>;
  steps: StepFile[];
  event: { name: string; payload: Record<string, unknown> };
  secrets: Record<string, string>;
  variables: Record<string, string>;
  /** GitHub's own environment variables: GITHUB_REPOSITORY, ... */
  env: Record<string, string>;
  actor: string;
  defaultBranch: string;
  /** How long it may take, in minutes. */
  timeoutMinutes: number;
  /** Told whenever there is more in the log. */
  progress(steps: Step[], added: string): void;
}

/** How a job ended. */
export interface JobResult {
  conclusion: Conclusion;
  steps: Step[];
  /** Its steps' summaries, in Markdown. */
  summary: string;
  /** Outputs of its steps, by their ids. */
  outputs: Record<string, Record<string, string>>;
}

/** A job that is under way. */
export interface RunningJob {
  result: Promise<JobResult>;
  /** When its folder is gone, some time after it has ended. Fails if that can't be. */
  gone: Promise<void>;
  /** Ends it as GitHub does: its steps are interrupted, and those that run `always()` still run. */
  cancel(): void;
  /** Ends it, and everything that it started, at once. */
  kill(): Promise<void>;
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

/** What GitHub gives a step that is interrupted, and the steps that clean up after it, here a little less. */
const grace = { step: 7_500, cleanUp: 30_000, stop: 2_000 };

/** The environment of a runner: the lab's tools, which one has installed, and nothing that opens a door. */
function runnerEnvironment(home: string, trackingId: string): Record<string, string> {
  const lab = labVariables();
  return {
    ...(Object.fromEntries(Object.entries(process.env).filter(([name]) => passed.test(name))) as Record<
      string,
      string
    >),
    PATH: labPath(),
    HOME: home,
    PULUMI_HOME: lab.PULUMI_HOME as string,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    ...(lab.DOCKER_HOST ? { DOCKER_HOST: lab.DOCKER_HOST } : {}),
    // act's steps have a terminal, a runner's have none: nothing is to wait for somebody who reads.
    TERM: "dumb",
    PAGER: "cat",
    npm_config_cache: process.env.npm_config_cache ?? path.join(homedir(), ".npm"),
    npm_config_userconfig: process.env.npm_config_userconfig ?? path.join(homedir(), ".npmrc"),
    npm_config_update_notifier: "false",
    SLIPWAY_PROGRAM_COMPILE_CACHE: lab.SLIPWAY_PROGRAM_COMPILE_CACHE as string,
    SLIPWAY_LAB_ACTIONS_CACHE: path.join(cacheDir, "actions"),
    [trackingVariable]: trackingId,
  };
}

/** act's command line. What is secret is in files that only this user reads. */
function actArguments(spec: JobSpec, work: string, environment: Record<string, string>): string[] {
  const file = (name: string, text: string) => {
    const target = path.join(spec.folder, name);
    writeFileSync(target, text, { mode: 0o600 });
    return target;
  };
  // act takes these files as YAML by their names; what JSON writes is YAML.
  const values = (name: string, of: Record<string, string>) => file(`${name}.yaml`, JSON.stringify(of));
  return [
    ...[spec.event.name, "--json", "--no-cache-server", "--no-recurse", "--directory", work],
    "--use-gitignore=false", // What is committed is checked out, whatever .gitignore says.
    ...["--workflows", file("workflow.yaml", stringify(spec.workflow))],
    ...["--platform", "ubuntu-latest=-self-hosted", "--actor", spec.actor],
    ...["--defaultbranch", spec.defaultBranch],
    ...["--eventpath", file("event.json", JSON.stringify(spec.event.payload))],
    ...["--secret-file", values("secrets", spec.secrets)],
    ...["--var-file", values("variables", spec.variables)],
    ...["--env-file", values("environment", { ...environment, ...spec.env })],
    ...pins(spec.workflow),
  ];
}

/** Runs a job with act. Its failure is a result like any other. */
export function startJob(spec: JobSpec): RunningJob {
  const log = new ActLog(spec.key, [...Object.values(spec.secrets), spec.checkout.token], spec.steps);
  const { signal: ended, abort } = withAbort();
  let child: ResultPromise | undefined;
  let cancelled = false;

  const cancel = () => {
    if (cancelled) return;
    cancelled = true;
    const before = processesOf(spec.trackingId).filter((pid) => pid !== child?.pid);
    signal(before, "SIGINT");
    if (child?.pid) signal([child.pid], "SIGINT");
    const left = () => processesOf(spec.trackingId).filter((pid) => before.includes(pid));
    after(grace.step, ended, () => signal(left(), "SIGKILL"));
    after(grace.cleanUp, ended, () => void endProcesses(spec.trackingId, grace.stop));
  };
  const kill = () => {
    cancelled = true;
    return endProcesses(spec.trackingId, grace.stop);
  };

  const run = async (): Promise<JobResult> => {
    const tell = (added: string) => spec.progress(log.steps, added);
    const home = path.join(spec.folder, "home");
    const work = path.join(spec.folder, "repository");
    const environment = runnerEnvironment(home, spec.trackingId);
    try {
      mkdirSync(home, { recursive: true });
      mkdirSync(work, { recursive: true, mode: 0o700 });
      const asked = askedCheckout(spec.steps);
      if (asked) await checkOut(work, spec.checkout, asked, environment);
      if (!cancelled) {
        child = execa(spec.act, actArguments(spec, work, environment), {
          env: environment,
          extendEnv: false,
          all: true,
          buffer: false,
          reject: false,
          stdin: "ignore",
          detached: true,
        });
        after(spec.timeoutMinutes * 60_000, ended, () => {
          tell(log.write(`The job took longer than the ${spec.timeoutMinutes} minutes that it may take.`));
          cancel();
        });
        for await (const line of child.iterable({ from: "all" })) tell(log.take(line as string));
        await child;
      }
    } catch (error) {
      tell(log.write(`The job could not be started: ${(error as Error).message}`));
    } finally {
      log.end();
      abort();
      rmSync(path.join(spec.folder, "secrets.yaml"), { force: true });
      await endProcesses(spec.trackingId, grace.stop);
    }
    const conclusion = cancelled ? "cancelled" : (log.result ?? "failure");
    return { conclusion, steps: log.steps, summary: log.summary, outputs: log.outputs };
  };
  const result = run();
  // Thousands of packages take a second to go: nobody waits for that, this process least of all.
  const gone = result.then(() => execa("rm", ["-rf", spec.folder])).then(() => {});
  return { result, gone, cancel, kill };
}

function withAbort(): { signal: AbortSignal; abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

/** Does something after some time, unless it has ended by then. */
function after(ms: number, ended: AbortSignal, action: () => void): void {
  const timer = setTimeout(action, Math.min(ms, 2 ** 31 - 1));
  ended.addEventListener("abort", () => clearTimeout(timer));
}
