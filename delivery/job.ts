import { readFileSync } from "node:fs";

/** What a GitHub Actions job knows of itself (https://docs.github.com/actions, "Variables reference"). */
export interface Job {
  owner: string;
  repo: string;
  /** Token of the job, with the permissions that its workflow names. */
  token: string;
  /** Base URL of the REST API, without a slash at the end. */
  api: string;
  /** Base URL of pages and of git over HTTP, without a slash at the end. */
  server: string;
  /** The commit that is checked out. */
  sha: string;
  /** Page of this run. */
  runUrl: string;
  /** File that the job's summary is appended to; undefined outside a workflow. */
  summaryFile: string | undefined;
  /** Folder of the checkout. */
  folder: string;
  /** Environment variables, as they were given. */
  env: NodeJS.ProcessEnv;
  /** Writes a line to the job's log. */
  log: (line: string) => void;
}

/**
 * Reads the job's variables.
 *
 * @throws if one that is needed is missing, naming all that are.
 */
export function readJob(env: NodeJS.ProcessEnv = process.env, folder = process.cwd()): Job {
  const missing = ["GITHUB_TOKEN", "GITHUB_REPOSITORY", "GITHUB_SHA"].filter((name) => !env[name]);
  if (missing.length > 0)
    throw new Error(
      `${missing.join(" and ")} not set: this runs in a job of GitHub Actions, which sets them`,
    );
  const [owner, repo] = env.GITHUB_REPOSITORY?.split("/") as [string, string];
  const server = (env.GITHUB_SERVER_URL ?? "https://github.com").replace(/\/+$/, "");
  return {
    owner,
    repo,
    token: env.GITHUB_TOKEN as string,
    api: (env.GITHUB_API_URL ?? "https://api.github.com").replace(/\/+$/, ""),
    server,
    sha: env.GITHUB_SHA as string,
    runUrl: `${server}/${owner}/${repo}/actions/runs/${env.GITHUB_RUN_ID ?? ""}`,
    summaryFile: env.GITHUB_STEP_SUMMARY,
    folder,
    env,
    log: console.log,
  };
}

/** A required variable that the workflow sets; fails if it is missing or empty. */
export function needed(job: Job, name: string): string {
  const value = job.env[name];
  if (!value) throw new Error(`${name} is not set; the workflow sets it from its inputs`);
  return value;
}

/** The pull request that the job's event is of; undefined for another kind of event. */
export function eventPull({ env }: Job): { number: number; head: { sha: string } } | undefined {
  if (!env.GITHUB_EVENT_PATH) return undefined;
  const event = JSON.parse(readFileSync(env.GITHUB_EVENT_PATH, "utf8")) as {
    pull_request?: { number: number; head: { sha: string } };
  };
  return event.pull_request;
}

/** Number of the pull request that the job is for: PULL, else that of the event itself. */
export function pullNumber(job: Job): number {
  const given = job.env.PULL;
  if (given && !/^\d+$/.test(given)) throw new Error(`PULL is ${JSON.stringify(given)}; expected a number`);
  const number = given ? Number(given) : eventPull(job)?.number;
  if (number === undefined)
    throw new Error("no pull request: the event has none and PULL is not set; give its number as PULL");
  return number;
}
