import type { GitHubEvent } from "../events.ts";
import { zeros } from "../git.ts";
import { changedFiles, mergeBase } from "../merging.ts";
import { permissionsOf } from "../permissions.ts";
import type { Context } from "../server.ts";
import { type Happening, starts } from "./filters.ts";
import { type WorkflowFile, workflowsAt } from "./workflowFile.ts";

/** Events whose workflows are those of the default branch, whatever they happened to. */
const onDefaultBranch = new Set([
  "schedule",
  "repository_dispatch",
  "issues",
  "issue_comment",
  "workflow_run",
]);
/** The only events that a workflow's own token can start workflows with. */
const dispatches = new Set(["workflow_dispatch", "repository_dispatch"]);

const skips = /\[(skip ci|ci skip|no ci|skip actions|actions skip)\]|^skip-checks: *true$/im;

/** Whether the commit's message asks for no workflows ("Skipping workflow runs", docs.github.com). */
export const asksToSkip = (message: string): boolean => skips.test(message);

async function isSkipped(
  { git }: Context,
  { name, repository, sha, payload }: GitHubEvent,
): Promise<boolean> {
  if (name !== "push" && name !== "pull_request") return false;
  const pull = payload.pull_request as { head: { sha: string } } | undefined;
  return asksToSkip(await git.in(repository)(["log", "-1", "--format=%B", pull?.head.sha ?? sha]));
}

async function happeningOf(
  { git }: Context,
  { name, action, repository, ref, sha, payload }: GitHubEvent,
): Promise<Happening> {
  const run = git.in(repository);
  const since = async (from: string | undefined, to: string) =>
    from && (await changedFiles(run, from, to)).map(({ filename }) => filename);
  if (name === "push") {
    const branch = /^refs\/heads\/(.+)$/.exec(ref)?.[1];
    const tag = /^refs\/tags\/(.+)$/.exec(ref)?.[1];
    if (branch === undefined) return { name, tag };
    const before = payload.before as string | undefined;
    // A new branch is compared with where it left the default one.
    const main = await git.commitOf(repository, `refs/heads/${repository.defaultBranch}`);
    const isNew = before === undefined || before === zeros;
    const from = isNew && main && main !== sha ? await mergeBase(run, main, sha) : before;
    return { name, branch, files: (await since(from === zeros ? undefined : from, sha)) || undefined };
  }
  if (name === "pull_request") {
    const { base, head } = payload.pull_request as {
      base: { ref: string; sha: string };
      head: { sha: string };
    };
    const files = await since(await mergeBase(run, base.sha, head.sha), head.sha);
    return { name, action, branch: base.ref, files: files || undefined };
  }
  return { name, action, cron: payload.schedule as string | undefined };
}

/** The workflows that an event starts, and the commit that they are of. */
export async function startedBy(
  context: Context,
  event: GitHubEvent,
): Promise<{ workflows: WorkflowFile[]; commit: string }> {
  const { repository, name, sha, payload } = event;
  const none = { workflows: [], commit: sha };
  if (event.byWorkflow && !dispatches.has(name)) return none;
  if (sha === zeros || !permissionsOf(context.state, repository).enabled) return none;
  const commit = onDefaultBranch.has(name)
    ? await context.git.commitOf(repository, `refs/heads/${repository.defaultBranch}`)
    : sha;
  if (!commit) return none;
  const files = await workflowsAt(context, repository, commit);
  const asked = files.filter(({ path }) => name !== "workflow_dispatch" || payload.workflow === path);
  if (asked.length === 0 || (await isSkipped(context, event))) return none;
  const happening = await happeningOf(context, event);
  return { workflows: asked.filter(({ on }) => starts(on, happening)), commit };
}
