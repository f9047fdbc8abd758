import { BranchMoved, makeCommit, moveAhead, setOwnBranch } from "./commit.ts";
import { statusOf, textAt, type GitHub } from "./github.ts";
import type { BranchState } from "./history.ts";
import { marked, markerOf, proposalBranch, type Proposal } from "./proposal.ts";
import { formatRelease, isNewer, type Release } from "./release.ts";
import type { ReleaseFile } from "./releaseFile.ts";

/** A change of the release that an environment runs, for people. */
export interface Wish {
  environment: string;
  release: Release;
  /** Title of the commit and of the pull request. */
  title: string;
  /** What happens and why, in markdown. */
  body: string;
}

/** Makes a wish's commit, on no branch yet, after these parents. Gives its SHA. */
const commitOf = async (
  github: GitHub,
  file: ReleaseFile,
  state: BranchState,
  { release, title, body }: Pick<Wish, "release" | "title" | "body">,
  parents: string[],
): Promise<string> =>
  makeCommit(github, {
    path: file.path,
    text: await file.write(state.text, release),
    message: `${title}\n\n${body}`,
    tree: state.tree,
    parents,
  });

/** Commits a wish to the main branch at once. Fails with `BranchMoved` if that moved since it was read. */
export async function commitToBranch(
  github: GitHub,
  branch: string,
  file: ReleaseFile,
  state: BranchState,
  wish: Wish,
): Promise<string> {
  const sha = await commitOf(github, file, state, wish, [state.sha]);
  await moveAhead(github, branch, sha);
  return sha;
}

/** What became of a proposal. */
export interface Proposed {
  pull: number;
  url: string;
  outcome: "opened" | "updated" | "unchanged";
}

/** Text of the pull request for a release, after what the commit says. */
const pullBody = (environment: string, release: Release, body: string) =>
  [
    body,
    `Merging this deploys it to **${environment}**. Closing it declines this release; a newer one opens another pull request.`,
    markerOf(formatRelease(release)),
  ].join("\n\n");

/**
 * Proposes a wish: one branch and one pull request for each environment, made or updated in place. One that
 * proposes the same on top of the main branch stays as it is. Fails with `BranchMoved` if another proposal
 * came meanwhile.
 */
export async function propose(
  github: GitHub,
  branch: string,
  file: ReleaseFile,
  state: BranchState,
  wish: Wish,
  open: Proposal | undefined,
): Promise<Proposed> {
  if (!open) return await openPull(github, branch, file, state, wish);
  const { rest, at } = github;
  const { data: lead } = await rest.repos.compareCommitsWithBasehead({
    ...at,
    basehead: `${open.head}...${state.sha}`,
  });
  const behind = lead.ahead_by > 0;
  if (!behind && formatRelease(open) === formatRelease(wish.release))
    return { pull: open.pull, url: open.url, outcome: "unchanged" };
  // After what is there, not instead of it: so of two that come at once only the first is taken.
  const parents = behind ? [open.head, state.sha] : [open.head];
  const own = proposalBranch(wish.environment);
  await moveAhead(github, own, await commitOf(github, file, state, wish, parents));
  await tellPull(github, file, wish.environment, open.pull);
  return { pull: open.pull, url: open.url, outcome: "updated" };
}

/** Sets a pull request's title and text to what its last commit says; again, if another came meanwhile. */
async function tellPull(github: GitHub, file: ReleaseFile, environment: string, pull: number): Promise<void> {
  const { rest, at } = github;
  const head = async () =>
    (await rest.git.getRef({ ...at, ref: `heads/${proposalBranch(environment)}` })).data.object.sha;
  for (let told: string | undefined, now = await head(); now !== told; now = await head()) {
    const [{ data: commit }, text] = await Promise.all([
      rest.git.getCommit({ ...at, commit_sha: now }),
      textAt(github, file.path, now),
    ]);
    const release = file.read(text ?? "");
    const [title = "", ...body] = commit.message.split("\n\n");
    if (release)
      await rest.pulls.update({
        ...at,
        pull_number: pull,
        title,
        body: pullBody(environment, release, body.join("\n\n")),
      });
    told = now;
  }
}

/** Opens the pull request, on a branch that begins anew at the main branch. */
async function openPull(
  github: GitHub,
  branch: string,
  file: ReleaseFile,
  state: BranchState,
  wish: Wish,
): Promise<Proposed> {
  const { rest, at } = github;
  const { environment, release, title, body } = wish;
  const head = proposalBranch(environment);
  await setOwnBranch(github, head, await commitOf(github, file, state, wish, [state.sha]));
  try {
    const { data } = await rest.pulls.create({
      ...at,
      head,
      base: branch,
      title,
      body: pullBody(environment, release, body),
    });
    return { pull: data.number, url: data.html_url, outcome: "opened" };
  } catch (error) {
    const { message } = error as Error;
    if (statusOf(error) === 403)
      throw new Error(
        `GitHub refused to open a pull request: ${message} In the repository's settings, Actions, General: "Allow GitHub Actions to create and approve pull requests"`,
        { cause: error },
      );
    if (statusOf(error) !== 422 || !/already exists/i.test(message)) throw error;
    await giveBack(github, file, state, wish);
    throw new BranchMoved(`another release was proposed for ${environment}`, { cause: error });
  }
}

/** Another proposal came first, and its branch was set anew here: if it is the newer one, it gets its branch back. */
async function giveBack(github: GitHub, file: ReleaseFile, state: BranchState, wish: Wish): Promise<void> {
  const { rest, at } = github;
  const head = proposalBranch(wish.environment);
  const { data } = await rest.pulls.list({ ...at, head: `${at.owner}:${head}`, state: "open" });
  const [pull] = data;
  const release = marked(pull?.body ?? "");
  if (!pull || !release || !isNewer(release, wish.release)) return;
  const [body = ""] = (pull.body ?? "").split("\n\nMerging this");
  const sha = await commitOf(github, file, state, { release, title: pull.title, body }, [state.sha]);
  await setOwnBranch(github, head, sha);
}
