import { execa } from "execa";
import { rmSync } from "node:fs";
import { GitHubError } from "./errors.ts";
import { zeros } from "./git.ts";
import { contains, type Identity, webFlow } from "./merging.ts";
import type { Context } from "./server.ts";
import { type Commit, commitAt, log } from "./commits.ts";
import type { Repository } from "./state.ts";
import type { Actor } from "./tokens.ts";
import { repositoryJson } from "./repositories.ts";
import { userJson } from "./users.ts";

/** Author and committer of a commit that the API makes for somebody. */
export const identityOf = (actor: Actor | undefined): Identity =>
  actor ? { name: actor.user.name, email: actor.user.email } : webFlow;

/** A commit made through the API. */
export interface NewCommit {
  branch: string;
  /** New content by path; undefined takes the file away. */
  files: Record<string, Buffer | undefined>;
  message: string;
  author?: Identity;
  committer?: Identity;
  /** Who makes it; default: GitHub itself, which raises no event. */
  actor?: Actor;
}

/** Writes a blob, and gives its SHA. */
export async function writeBlob({ git }: Context, repository: Repository, content: Buffer): Promise<string> {
  const { stdout } = await execa("git", ["-C", git.pathOf(repository), "hash-object", "-w", "--stdin"], {
    input: content,
  });
  return stdout.trim();
}

/** One change of a tree; no SHA takes the path away. */
export interface TreeChange {
  path: string;
  mode: string;
  sha: string | null;
}

/** A tree that is `base` with these changes, through an index of its own. */
export async function writeTree(
  { git, state }: Context,
  repository: Repository,
  base: string | undefined,
  changes: TreeChange[],
): Promise<string> {
  const env = { GIT_INDEX_FILE: `${git.pathOf(repository)}/index.${state.nextId()}` };
  const run = git.in(repository);
  await run(base ? ["read-tree", base] : ["read-tree", "--empty"], { env });
  const input = changes
    .map(({ path, mode, sha }) => (sha ? `${mode} ${sha}\t${path}\0` : `0 ${zeros}\t${path}\0`))
    .join("");
  await run(["update-index", "-z", "--add", "--index-info"], { env, input });
  const tree = (await run(["write-tree"], { env })).trim();
  rmSync(env.GIT_INDEX_FILE, { force: true });
  return tree;
}

/** Makes a commit object. */
export async function writeCommit(
  { git }: Context,
  repository: Repository,
  commit: {
    tree: string;
    parents: string[];
    message: string;
    author: Identity & { date?: string };
    committer: Identity & { date?: string };
  },
): Promise<string> {
  const { author, committer, tree, parents, message } = commit;
  const env = {
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    ...(author.date ? { GIT_AUTHOR_DATE: author.date } : {}),
    GIT_COMMITTER_NAME: committer.name,
    GIT_COMMITTER_EMAIL: committer.email,
    ...(committer.date ? { GIT_COMMITTER_DATE: committer.date } : {}),
  };
  const args = ["commit-tree", tree, ...parents.flatMap((sha) => ["-p", sha])];
  return (await git.in(repository)(args, { input: message, env })).trim();
}

/** Commits files to a branch, making it if the repository has no branch yet. 409 where the branch moved meanwhile. */
export async function commitFiles(
  context: Context,
  repository: Repository,
  commit: NewCommit,
): Promise<string> {
  const { git } = context;
  const ref = `refs/heads/${commit.branch}`;
  const parent = await git.commitOf(repository, ref);
  const paths = Object.keys(commit.files);
  const listed = parent ? git.in(repository)(["ls-tree", "-z", parent, "--", ...paths]) : "";
  const isExecutable = async (path: string) =>
    (await listed).split("\0").some((line) => line.startsWith("100755 ") && line.endsWith(`\t${path}`));
  const changes = await Promise.all(
    Object.entries(commit.files).map(async ([path, content]) => ({
      path,
      sha: content === undefined ? null : await writeBlob(context, repository, content),
      mode: (await isExecutable(path)) ? "100755" : "100644",
    })),
  );
  const tree = await writeTree(context, repository, parent, changes);
  const author = commit.author ?? identityOf(commit.actor);
  const sha = await writeCommit(context, repository, {
    tree,
    parents: parent ? [parent] : [],
    message: commit.message,
    author,
    committer: commit.committer ?? webFlow,
  });
  if (!(await git.moveRef(repository, ref, parent ?? zeros, sha)))
    throw new GitHubError(
      409,
      `is at ${await git.commitOf(repository, ref)} but expected ${parent ?? zeros}`,
    );
  await tellPush(context, repository, ref, parent ?? zeros, sha, commit.actor);
  return sha;
}

/** As many commits as a push event tells of (docs.github.com, "Webhook events and payloads: push"). */
const mostCommits = 2048;

/** The files that each of these commits changed, against its first parent. */
async function changesOf({ git }: Context, repository: Repository, range: string[]) {
  const output = await git.in(repository)([
    "log",
    "-z",
    "--format=%x01%H",
    "--name-status",
    "--no-renames",
    "--diff-merges=first-parent",
    ...range,
  ]);
  const changes = new Map<string, { added: string[]; removed: string[]; modified: string[] }>();
  for (const record of output.split("\x01").slice(1)) {
    const [sha = "", ...fields] = record.split("\0").map((field) => field.trim());
    const change: { added: string[]; removed: string[]; modified: string[] } = {
      added: [],
      removed: [],
      modified: [],
    };
    const named = fields.filter(Boolean);
    for (let i = 0; i + 1 < named.length; i += 2) {
      const list = named[i] === "A" ? "added" : named[i] === "D" ? "removed" : "modified";
      change[list].push(named[i + 1] as string);
    }
    changes.set(sha, change);
  }
  return changes;
}

/** Tells that a ref moved: a push, whoever did it and by whatever way. Of a new branch, only what no other has. */
export async function tellPush(
  context: Context,
  repository: Repository,
  ref: string,
  before: string,
  after: string,
  actor: Actor | undefined,
): Promise<void> {
  const { state, git, events, url } = context;
  repository.pushedAt = state.timestamp();
  state.save();
  if (!actor) return;
  const branch = /^refs\/heads\/(.+)/.exec(ref)?.[1];
  const html = `${url}/${repository.owner}/${repository.name}`;
  const others = branch ? ["--not", `--exclude=${branch}`, "--branches"] : ["--not", "--all"];
  const range = [
    `--max-count=${mostCommits}`,
    ...(before === zeros ? [after, ...others] : [`${before}..${after}`]),
  ];
  const isGone = after === zeros;
  const [tip, commits, changes, forced] = await Promise.all([
    isGone ? undefined : git.commitOf(repository, after),
    isGone ? [] : log(context, repository, range),
    isGone ? new Map<string, object>() : changesOf(context, repository, range),
    !isGone && before !== zeros && contains(git.in(repository), after, before).then((forward) => !forward),
  ]);
  const newest = commits.find(({ sha }) => sha === tip);
  const shown = (commit: Commit) => ({
    id: commit.sha,
    tree_id: commit.tree,
    distinct: true,
    message: commit.message,
    timestamp: commit.committer.date,
    url: `${html}/commit/${commit.sha}`,
    author: { name: commit.author.name, email: commit.author.email },
    committer: { name: commit.committer.name, email: commit.committer.email },
    ...(changes.get(commit.sha) ?? { added: [], removed: [], modified: [] }),
  });
  events.tell({
    name: "push",
    repository,
    ref,
    sha: tip ?? zeros,
    actor: actor.user.login,
    byWorkflow: actor.token.kind === "installation",
    payload: {
      ref,
      before,
      after,
      created: before === zeros,
      deleted: isGone,
      forced,
      base_ref: null,
      compare: `${html}/compare/${before.slice(0, 12)}...${after.slice(0, 12)}`,
      commits: commits.map(shown).reverse(),
      head_commit: tip ? shown(newest ?? (await commitAt(context, repository, tip))) : null,
      pusher: { name: actor.user.login, email: actor.user.email },
      repository: repositoryJson(context, repository),
      sender: userJson(context, actor.user),
    },
  });
}
