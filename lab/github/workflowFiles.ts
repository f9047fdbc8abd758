import { GitHubError, notFound } from "./errors.ts";
import type { Context } from "./server.ts";
import type { Repository } from "./state.ts";
import { type Actor, may } from "./tokens.ts";

const folder = ".github/workflows/";

/** Whether a change of these files touches workflows, which takes a permission of its own. */
export const touchesWorkflows = (files: string[]) => files.some((file) => file.startsWith(folder));

/** Whether the actor may write workflow files. A workflow's own token never may. */
export const mayWriteWorkflows = ({ state }: Context, actor: Actor | undefined, repository: Repository) =>
  actor?.token.kind !== "installation" && may(actor, repository, state, "workflows", "write");

/**
 * GitHub's answer to a workflow file written through the API without the permission: 404 for a classic
 * token, which is all that it says; 403 for the others.
 */
export function workflowsRefused(actor: Actor | undefined): GitHubError {
  if (!actor || actor.token.kind === "classic") return notFound();
  const kind = actor.token.kind === "installation" ? "integration" : "personal access token";
  return new GitHubError(403, `Resource not accessible by ${kind}`);
}

/** GitHub's words to a push of a workflow file without the permission. */
export const pushRefused = (actor: Actor, file: string) =>
  actor.token.kind === "installation"
    ? `refusing to allow a GitHub App to create or update workflow \`${file}\` without \`workflows\` permission`
    : `refusing to allow a Personal Access Token to create or update workflow \`${file}\` without \`workflow\` scope`;

/** Workflow files of a commit, each as `path sha`. */
async function workflowFilesOf({ git }: Context, repository: Repository, commit: string): Promise<string[]> {
  const listed = await git.in(repository)([
    "ls-tree",
    "-r",
    "-z",
    "--format=%(path) %(objectname)",
    commit,
    "--",
    folder,
  ]);
  return listed.split("\0").filter(Boolean);
}

/**
 * A workflow file that a commit brings: one that no branch has at this path with this content. The same
 * file on another branch makes it free to commit for anybody (docs.github.com, "Scopes for OAuth apps").
 */
export async function newWorkflowFile(
  context: Context,
  repository: Repository,
  commit: string,
): Promise<string | undefined> {
  const brought = new Set(await workflowFilesOf(context, repository, commit));
  for (const head of new Set((await context.git.refs(repository, "refs/heads/")).values())) {
    if (brought.size === 0) return undefined;
    for (const file of await workflowFilesOf(context, repository, head)) brought.delete(file);
  }
  const [first] = brought;
  return first?.slice(0, first.lastIndexOf(" "));
}

/** Fails as GitHub does where a ref is to move to a commit that brings a workflow, and the actor may not. */
export async function checkWorkflows(
  context: Context,
  actor: Actor | undefined,
  repository: Repository,
  commit: string,
): Promise<void> {
  if (mayWriteWorkflows(context, actor, repository)) return;
  if (await newWorkflowFile(context, repository, commit)) throw workflowsRefused(actor);
}
