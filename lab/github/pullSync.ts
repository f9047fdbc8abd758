/** Keeps pull requests in step with the branches that they are between. */
import { validationFailed } from "./errors.ts";
import { zeros } from "./git.ts";
import { isPull, setState, type Issue, type PullRequest } from "./issueRecords.ts";
import { contains, mergeCommit, webFlow } from "./merging.ts";
import { tellPull } from "./pullEvents.ts";
import { labelOf, pullsOf } from "./pullRecords.ts";
import type { Origin } from "./requests.ts";
import type { Context } from "./server.ts";
import type { Repository } from "./state.ts";

/** One after the other: what is done to the pull requests of one emulator. */
const queues = new WeakMap<Context, Promise<unknown>>();

/** Runs this once everything before it is done to pull requests. */
export function inTurn<T>(context: Context, run: () => Promise<T>): Promise<T> {
  const turn = (queues.get(context) ?? Promise.resolve()).then(run, run);
  queues.set(context, turn);
  return turn;
}

/** Resolved once pull requests are in step with every push so far. */
export const pullsInStep = (context: Context) => inTurn(context, async () => {});

/** Takes head's commits into the repository, from a fork where they are there, as `refs/pull/N/head`. */
export async function fetchHead(
  context: Context,
  repository: Repository,
  { number, pull }: PullRequest,
): Promise<void> {
  const { git, state } = context;
  const ref = `refs/pull/${number}/head`;
  const fork = pull.head.repository === null ? undefined : state.repositoryById(pull.head.repository);
  if (fork && fork.id !== repository.id) {
    const refspec = `+refs/heads/${pull.head.branch}:${ref}`;
    await git.in(repository)(["fetch", "--quiet", "--no-tags", git.pathOf(fork), refspec]);
  } else {
    await git.in(repository)(["update-ref", ref, pull.head.sha]);
  }
}

/** Works out anew whether it merges, and makes `refs/pull/N/merge`, where either side has moved. */
export async function testMerge(context: Context, repository: Repository, pr: PullRequest): Promise<void> {
  const { pull } = pr;
  const sides = `${pull.base.sha}..${pull.head.sha}`;
  if (pr.state !== "open" || pull.testedFor === sides) return;
  const git = context.git.in(repository);
  const sha = await mergeCommit(git, {
    base: pull.base.sha,
    head: pull.head.sha,
    message: `Merge ${pull.head.sha} into ${pull.base.sha}\n`,
    author: webFlow,
  });
  const ref = `refs/pull/${pr.number}/merge`;
  await git(sha ? ["update-ref", ref, sha] : ["update-ref", "-d", ref]);
  Object.assign(pull, { testedFor: sides, mergeable: sha !== undefined, mergeCommit: sha ?? null });
  context.state.save();
}

/** Marks it merged by this commit, closes it, and tells. */
export async function closeMerged(
  context: Context,
  repository: Repository,
  pr: PullRequest,
  commit: string,
  origin: Origin,
  mergedCommits: string[] = [],
): Promise<void> {
  setState(context.state, pr, "closed", origin.actor);
  Object.assign(pr.pull, {
    mergeCommit: commit,
    mergedCommits,
    mergedAt: pr.closedAt,
    mergedBy: origin.actor,
  });
  await context.git.in(repository)(["update-ref", "-d", `refs/pull/${pr.number}/merge`]);
  context.state.save();
  await tellPull(context, repository, pr, "closed", origin);
}

async function headMoved(
  context: Context,
  repository: Repository,
  pr: PullRequest,
  after: string,
  origin: Origin,
): Promise<void> {
  const { pull } = pr;
  const close = async () => {
    setState(context.state, pr, "closed", origin.actor);
    await tellPull(context, repository, pr, "closed", origin);
  };
  if (after === zeros) return close();
  const before = pull.head.sha;
  pull.head.sha = after;
  pr.updatedAt = context.state.timestamp();
  await fetchHead(context, repository, pr);
  // A head that has nothing of its own any more is no pull request.
  if (await contains(context.git.in(repository), pull.base.sha, after)) return close();
  await testMerge(context, repository, pr);
  await tellPull(context, repository, pr, "synchronize", origin, { before, after });
}

async function baseMoved(
  context: Context,
  repository: Repository,
  pr: PullRequest,
  after: string,
  origin: Origin,
): Promise<void> {
  if (after === zeros) {
    setState(context.state, pr, "closed", origin.actor);
    return tellPull(context, repository, pr, "closed", origin);
  }
  if (await contains(context.git.in(repository), after, pr.pull.head.sha))
    return closeMerged(context, repository, pr, after, origin);
  pr.pull.base.sha = after;
  await testMerge(context, repository, pr);
}

/**
 * Closes a pull request, or opens it again as its branches are now. Fails with 422 for one that is merged, and
 * for one whose branches are gone.
 */
export async function setPullState(
  context: Context,
  repository: Repository,
  pr: PullRequest,
  to: Issue["state"],
  origin: Origin,
): Promise<void> {
  if (pr.state === to) return;
  if (to === "open") {
    const { head, base, mergedAt } = pr.pull;
    const refused = (message: string) =>
      validationFailed({ resource: "PullRequest", code: "invalid", field: "state", message });
    if (mergedAt) throw refused("state cannot be changed. The pull request cannot be reopened.");
    for (const side of [head, base]) {
      const at = side.repository === null ? undefined : context.state.repositoryById(side.repository);
      const sha = at && (await context.git.commitOf(at, `refs/heads/${side.branch}`));
      if (!sha) throw refused(`state cannot be changed. The ${side.branch} branch has been deleted.`);
      side.sha = sha;
    }
    await fetchHead(context, repository, pr);
  }
  setState(context.state, pr, to, origin.actor);
  await testMerge(context, repository, pr);
  await tellPull(context, repository, pr, to === "open" ? "reopened" : "closed", origin);
}

/** Follows every push from now on: heads that move, bases that move, merges by push, branches that go. */
export function followPushes(context: Context): void {
  const { state, events } = context;
  const openPulls = (): PullRequest[] =>
    state
      .list<Issue>("issues")
      .filter(isPull)
      .filter((pr) => pr.state === "open");
  events.on("event", (event) => {
    if (event.name !== "push" || !event.ref.startsWith("refs/heads/")) return;
    const branch = event.ref.slice("refs/heads/".length);
    const { actor, byWorkflow, sha } = event;
    const is = (side: { repository: number | null; branch: string }) =>
      side.repository === event.repository.id && side.branch === branch;
    void inTurn(context, async () => {
      for (const pr of openPulls()) {
        const repository = state.repositoryById(pr.repository);
        if (!repository) continue;
        const { head, base } = pr.pull;
        if (is(base) && base.sha !== sha)
          await baseMoved(context, repository, pr, sha, { actor, byWorkflow });
        else if (is(head) && head.sha !== sha)
          await headMoved(context, repository, pr, sha, { actor, byWorkflow });
      }
      state.save();
    }).catch((error: Error) => console.error(error.stack ?? error.message));
  });
}

/** The open pull request between these two, if there is one. */
export const openBetween = (
  context: Context,
  repository: Repository,
  head: string,
  base: string,
): PullRequest | undefined =>
  pullsOf(context, repository).find(
    (pr) => pr.state === "open" && labelOf(pr.pull.head) === head && pr.pull.base.branch === base,
  );
