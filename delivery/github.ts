import { retry } from "@octokit/plugin-retry";
import { Octokit } from "@octokit/rest";
import type { Job } from "./job.ts";

const Client = Octokit.plugin(retry);

/** GitHub's API as the job's token may use it. */
export interface GitHub {
  rest: Octokit["rest"];
  paginate: Octokit["paginate"];
  /** The config repository, for each call's parameters. */
  at: { owner: string; repo: string };
}

/** A client for the job's own repository. Answers of 500 and more are asked for again, three times. */
export function connect({ owner, repo, api, token }: Job): GitHub {
  const quiet = () => {};
  const { rest, paginate } = new Client({
    auth: token,
    baseUrl: api,
    userAgent: "slipway",
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  });
  return { rest, paginate, at: { owner, repo } };
}

/** Status code of GitHub's answer, if that is what failed. */
export const statusOf = (error: unknown): number | undefined =>
  typeof error === "object" && error !== null && "status" in error && typeof error.status === "number"
    ? error.status
    : undefined;

/** What the call gives, or undefined where GitHub answers 404. */
export async function found<T>(call: Promise<{ data: T }>): Promise<T | undefined> {
  try {
    return (await call).data;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

/** Text of a file at a commit or on a branch; undefined if it isn't there. */
export async function textAt({ rest, at }: GitHub, path: string, ref: string): Promise<string | undefined> {
  const content = await found(rest.repos.getContent({ ...at, path, ref }));
  return content && "content" in content ? Buffer.from(content.content, "base64").toString() : undefined;
}
