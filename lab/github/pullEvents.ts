import type { PullRequest } from "./issueRecords.ts";
import { pullJson } from "./pullRecords.ts";
import type { Origin } from "./requests.ts";
import type { Context } from "./server.ts";
import type { Repository } from "./state.ts";

/**
 * Tells what happened to a pull request. Its ref is the test merge, and its commit the merge commit; where
 * the pull request conflicts GitHub starts nothing, so nothing is told, except that it was closed.
 */
export async function tellPull(
  context: Context,
  repository: Repository,
  pr: PullRequest,
  action: string,
  origin: Origin,
  rest: Record<string, unknown> = {},
): Promise<void> {
  const { pull } = pr;
  if (!pull.mergeCommit && action !== "closed") return;
  const merged = pull.mergedAt !== null;
  context.events.tell({
    ...origin,
    name: "pull_request",
    action,
    repository,
    // The ref of a merged one is its base branch: there is no test merge any more.
    ref: merged ? `refs/heads/${pull.base.branch}` : `refs/pull/${pr.number}/merge`,
    sha: pull.mergeCommit ?? pull.head.sha,
    payload: {
      action,
      number: pr.number,
      pull_request: await pullJson(context, repository, pr),
      ...rest,
    },
  });
}
