/** What git knows of a pull request: whether it merges, what it changes, and the three ways to merge it. */

/** Runs git in one bare repository: its output, or an error with git's own words. */
export type Git = (
  args: string[],
  options?: { input?: string; env?: Record<string, string> },
) => Promise<string>;

/** Who a commit says it is from. */
export interface Identity {
  name: string;
  email: string;
}

/** The committer of every commit that GitHub makes itself. */
export const webFlow: Identity = { name: "GitHub", email: "noreply@github.com" };

/** A file that a pull request changes, as the API's "Diff Entry" has it, without its URLs. */
export interface ChangedFile {
  sha: string;
  filename: string;
  status: "added" | "removed" | "modified" | "renamed" | "changed";
  additions: number;
  deletions: number;
  changes: number;
  /** Absent for binary files and for a rename without a change. */
  patch?: string;
  previous_filename?: string;
}

const lines = (output: string) => output.split("\n").filter(Boolean);

/** True where `ancestor` is in the history of `descendant`, itself included. */
export async function contains(git: Git, descendant: string, ancestor: string): Promise<boolean> {
  return (await git(["rev-list", "--count", `${descendant}..${ancestor}`])).trim() === "0";
}

/** The commits of `head` that `base` lacks, oldest first. */
export async function commitsBetween(git: Git, base: string, head: string): Promise<string[]> {
  return lines(await git(["rev-list", "--reverse", "--topo-order", `${base}..${head}`]));
}

/** The last commit that both have, or undefined for unrelated histories. */
export async function mergeBase(git: Git, base: string, head: string): Promise<string | undefined> {
  try {
    return (await git(["merge-base", base, head])).trim();
  } catch {
    return undefined;
  }
}

/** The tree of both together, or undefined where they conflict or have no history in common. */
export async function mergedTree(git: Git, ours: string, theirs: string): Promise<string | undefined> {
  try {
    // Histories that have nothing in common are an error to git, as conflicts are.
    return lines(await git(["merge-tree", "--write-tree", "--no-messages", ours, theirs]))[0];
  } catch {
    return undefined;
  }
}

const identity = (role: "AUTHOR" | "COMMITTER", { name, email }: Identity) => ({
  [`GIT_${role}_NAME`]: name,
  [`GIT_${role}_EMAIL`]: email,
});

async function commitTree(
  git: Git,
  tree: string,
  parents: string[],
  message: string,
  author: Identity,
  authorDate?: string,
): Promise<string> {
  const env = {
    ...identity("AUTHOR", author),
    ...identity("COMMITTER", webFlow),
    ...(authorDate ? { GIT_AUTHOR_DATE: authorDate } : {}),
  };
  const output = await git(["commit-tree", tree, ...parents.flatMap((sha) => ["-p", sha])], {
    input: message,
    env,
  });
  return output.trim();
}

/** What to merge, and what the new commit says. */
export interface MergeRequest {
  base: string;
  head: string;
  message: string;
  author: Identity;
}

/** A commit with both as parents. Undefined where they conflict. Moves no branch. */
export async function mergeCommit(git: Git, request: MergeRequest): Promise<string | undefined> {
  const tree = await mergedTree(git, request.base, request.head);
  return tree && commitTree(git, tree, [request.base, request.head], request.message, request.author);
}

/** One commit on the base with everything that head has. Undefined where they conflict. Moves no branch. */
export async function squashCommit(git: Git, request: MergeRequest): Promise<string | undefined> {
  const tree = await mergedTree(git, request.base, request.head);
  return tree && commitTree(git, tree, [request.base], request.message, request.author);
}

/**
 * Head's commits made anew on the base, merges left out. Undefined where one of them conflicts. Moves no branch.
 */
export async function rebasedHead(git: Git, base: string, head: string): Promise<string | undefined> {
  const commits = lines(
    await git(["rev-list", "--reverse", "--topo-order", "--no-merges", `${base}..${head}`]),
  );
  let onto = base;
  for (const sha of commits) {
    const format = "%P%x00%an%x00%ae%x00%aI%x00%B";
    const shown = await git(["show", "-s", `--format=${format}`, sha]);
    const [parent = "", name = "", email = "", date = "", message = ""] = shown.split("\0");
    const tree = await appliedTree(git, parent, sha, onto);
    if (!tree) return undefined;
    onto = await commitTree(git, tree, [onto], message.trimEnd() + "\n", { name, email }, date);
  }
  return onto;
}

/**
 * The tree of `onto` with the change from `parent` to `sha`. git 2.39's merge-tree takes no merge base, so both
 * sides are given as commits whose only parent is `parent`.
 */
async function appliedTree(git: Git, parent: string, sha: string, onto: string): Promise<string | undefined> {
  if (!parent) return mergedTree(git, onto, sha);
  const side = (tree: string) => commitTree(git, `${tree}^{tree}`, [parent], "", webFlow);
  return mergedTree(git, await side(onto), await side(sha));
}

const statusOf: Record<string, ChangedFile["status"]> = {
  A: "added",
  D: "removed",
  M: "modified",
  R: "renamed",
  T: "changed",
};

/** The files that differ from `from` to `to`, by name, each with its part of the diff. */
export async function changedFiles(git: Git, from: string, to: string): Promise<ChangedFile[]> {
  const [listed, diff] = await Promise.all([
    git(["diff", "--raw", "-z", "--no-abbrev", "-M", from, to]),
    git(["diff", "-M", "--no-color", "--no-ext-diff", from, to]),
  ]);
  const raw = listed.split("\0");
  const patches = diff.split(/^diff --git /m).slice(1);
  const files: ChangedFile[] = [];
  for (let i = 0; i + 1 < raw.length;) {
    const [, , before = "", after = "", letter = ""] = (raw[i++] ?? "").split(" ");
    const status = statusOf[letter.charAt(0)] ?? "changed";
    const previous = status === "renamed" ? raw[i++] : undefined;
    const filename = raw[i++] ?? "";
    const whole = patches[files.length] ?? "";
    const start = whole.search(/^@@ /m);
    const patch = start < 0 ? undefined : whole.slice(start).replace(/\n$/, "");
    const count = (sign: string) => patch?.split("\n").filter((line) => line.startsWith(sign)).length ?? 0;
    const [additions, deletions] = [count("+"), count("-")];
    files.push({
      sha: status === "removed" ? before : after,
      filename,
      status,
      additions,
      deletions,
      changes: additions + deletions,
      ...(patch === undefined ? {} : { patch }),
      ...(previous === undefined ? {} : { previous_filename: previous }),
    });
  }
  return files;
}
