import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { GitHubError, unprocessable } from "./errors.ts";
import { zeros } from "./git.ts";
import type { PullRequest } from "./issueRecords.ts";
import { commitsBetween, mergeCommit, rebasedHead, squashCommit, webFlow, type Identity } from "./merging.ts";
import { identityOf, tellPush } from "./newCommit.ts";
import { log } from "./commits.ts";
import { pullAllowed } from "./pulls.ts";
import { changeOf } from "./pullRecords.ts";
import { closeMerged, inTurn } from "./pullSync.ts";
import { apiOf, originOf, readBody } from "./requests.ts";
import type { Context } from "./server.ts";
import type { Repository } from "./state.ts";

const mergeSchema = z.object({
  commit_title: z.string().optional(),
  commit_message: z.string().optional(),
  sha: z.string().optional(),
  merge_method: z.enum(["merge", "squash", "rebase"]).default("merge"),
});
type Merge = z.infer<typeof mergeSchema>;

const notAllowed = (message: string) => new GitHubError(405, message);
const settingOf = {
  merge: ["allow_merge_commit", "Merge commits are not allowed on this repository."],
  squash: ["allow_squash_merge", "Squash merges are not allowed on this repository."],
  rebase: ["allow_rebase_merge", "Rebase merges are not allowed on this repository."],
} as const;

/** What the new commit says, where the request does not. */
async function messageOf(
  context: Context,
  repository: Repository,
  pr: PullRequest,
  given: Merge,
): Promise<string> {
  const { head } = pr.pull;
  let title = `Merge pull request #${pr.number} from ${head.owner}/${head.branch}`;
  let body = pr.title;
  if (given.merge_method === "squash") {
    const { from, to } = await changeOf(context, repository, pr);
    const commits = await log(context, repository, ["--reverse", "--topo-order", `${from}..${to}`]);
    const [subject = "", ...rest] = (commits[0]?.message ?? "").split("\n");
    const alone = commits.length === 1;
    title = `${alone ? subject : pr.title} (#${pr.number})`;
    body = alone ? rest.join("\n").trim() : commits.map(({ message }) => `* ${message}`).join("\n\n");
  }
  return `${given.commit_title ?? title}\n\n${given.commit_message ?? body}`.trim() + "\n";
}

async function merge(
  context: Context,
  repository: Repository,
  pr: PullRequest,
  given: Merge,
  author: Identity,
): Promise<{ before: string; sha: string; commits: string[] }> {
  const { git } = context;
  const run = git.in(repository);
  const ref = `refs/heads/${pr.pull.base.branch}`;
  const head = pr.pull.head.sha;
  if (pr.state !== "open") throw notAllowed("Pull Request is not mergeable");
  if (pr.pull.draft) throw notAllowed("Pull Request is still a draft");
  const [setting, refusal] = settingOf[given.merge_method];
  if (repository.settings[setting] === false) throw notAllowed(refusal);
  if (given.sha !== undefined && given.sha !== head)
    throw new GitHubError(409, "Head branch was modified. Review and try the merge again.");
  const before = (await git.commitOf(repository, ref)) ?? zeros;

  const request = {
    base: before,
    head,
    author,
    message: await messageOf(context, repository, pr, given),
  };
  const sha = await {
    merge: () => mergeCommit(run, request),
    squash: () => squashCommit(run, request),
    rebase: () => rebasedHead(run, before, head),
  }[given.merge_method]();
  if (!sha) throw notAllowed("Pull Request is not mergeable");
  if (!(await git.moveRef(repository, ref, before, sha)))
    throw notAllowed("Base branch was modified. Review and try the merge again.");
  const commits = given.merge_method === "rebase" ? await commitsBetween(run, before, sha) : [sha];
  return { before, sha, commits };
}

interface PullParams {
  Params: { owner: string; repo: string; number: string };
}

/** How pull requests are merged. */
export function pullMergeRoutes(app: FastifyInstance, context: Context): void {
  const { git, state } = context;
  const base = "/repos/:owner/:repo/pulls/:number";

  app.get<PullParams>(`${base}/merge`, async (request, reply) => {
    const { pr } = await pullAllowed(context, request, "pull_requests", "read");
    if (!pr.pull.mergedAt) throw new GitHubError(404, "Not Found");
    return reply.code(204).send();
  });

  app.put<PullParams>(`${base}/merge`, async (request) => {
    const { repository, pr } = await pullAllowed(context, request, "contents", "write");
    const given = readBody(mergeSchema, request);
    const { sha } = await inTurn(context, async () => {
      const merged = await merge(context, repository, pr, given, identityOf(request.actor));
      await closeMerged(context, repository, pr, merged.sha, originOf(request), merged.commits);
      const ref = `refs/heads/${pr.pull.base.branch}`;
      await tellPush(context, repository, ref, merged.before, merged.sha, request.actor);
      const { head } = pr.pull;
      const headRef = `refs/heads/${head.branch}`;
      if (
        repository.settings.delete_branch_on_merge === true &&
        head.repository === repository.id &&
        (await git.moveRef(repository, headRef, head.sha, zeros))
      )
        await tellPush(context, repository, headRef, head.sha, zeros, request.actor);
      return merged;
    });
    return { sha, merged: true, message: "Pull Request successfully merged" };
  });

  app.put<PullParams>(`${base}/update-branch`, async (request, reply) => {
    const { repository, pr } = await pullAllowed(context, request, "pull_requests", "write");
    const given = readBody(z.object({ expected_head_sha: z.string().optional() }), request);
    const { head, base: onto } = pr.pull;
    if (given.expected_head_sha !== undefined && given.expected_head_sha !== head.sha)
      throw unprocessable("expected head sha didn’t match current head ref.");
    const from = head.repository === null ? undefined : state.repositoryById(head.repository);
    if (from !== repository) throw unprocessable("The branch of a fork is not updated here");
    const tip = (await git.commitOf(repository, `refs/heads/${onto.branch}`)) ?? onto.sha;
    const sha = await mergeCommit(git.in(repository), {
      base: head.sha,
      head: tip,
      message: `Merge branch '${onto.branch}' into ${head.branch}\n`,
      author: request.actor ? identityOf(request.actor) : webFlow,
    });
    if (!sha) throw unprocessable("merge conflict between base and head");
    const ref = `refs/heads/${head.branch}`;
    const before = head.sha;
    if (!(await git.moveRef(repository, ref, before, sha)))
      throw unprocessable("expected head sha didn’t match current head ref.");
    await tellPush(context, repository, ref, before, sha, request.actor);
    return reply.code(202).send({
      message: "Updating pull request branch.",
      url: `${apiOf(context, repository)}/pulls/${pr.number}`,
    });
  });
}
