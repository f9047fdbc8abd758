import { moveAhead, makeCommit, setOwnBranch } from "./commit.ts";
import { statusOf, type GitHub } from "./github.ts";
import type { BranchState } from "./history.ts";
import { formatRelease, parseRelease, sameRelease, type Release } from "./release.ts";
import type { ReleaseFile } from "./releaseFile.ts";

/** The branch on which these scripts propose changes of an environment. */
export const proposalBranch = (environment: string) => `slipway/${environment}`;

/** A pull request of that branch, and the release that it proposes. */
export interface Proposal extends Release {
  pull: number;
  url: string;
  /** Commit at its head. */
  head: string;
}

const marker = /<!-- slipway release: (\S+) -->/;

/** What these pull requests propose; others that came from a branch of that name propose nothing. */
function proposals(
  pulls: { number: number; html_url: string; body: string | null; head: { sha: string } }[],
): Proposal[] {
  return pulls.flatMap(({ number, html_url: url, body, head }) => {
    const text = marker.exec(body ?? "")?.[1];
    return text ? [{ ...parseRelease(text), pull: number, url, head: head.sha }] : [];
  });
}

/** The open pull request of an environment, and those that were closed without a merge (the last 100). */
export async function readProposals(
  { rest, at }: GitHub,
  environment: string,
): Promise<{ open: Proposal | undefined; declined: Proposal[] }> {
  const head = `${at.owner}:${proposalBranch(environment)}`;
  const [open, closed] = await Promise.all([
    rest.pulls.list({ ...at, head, state: "open" }),
    rest.pulls.list({ ...at, head, state: "closed", per_page: 100, sort: "updated", direction: "desc" }),
  ]);
  return {
    open: proposals(open.data)[0],
    declined: proposals(closed.data.filter(({ merged_at: merged }) => !merged)),
  };
}

/** A change of the release that an environment runs, for people. */
export interface Wish {
  environment: string;
  release: Release;
  /** Title of the commit and of the pull request. */
  title: string;
  /** What happens and why, in markdown. */
  body: string;
}

/** Commits a wish to the main branch at once. Fails with `BranchMoved` if that moved since it was read. */
export async function commitToBranch(
  github: GitHub,
  branch: string,
  file: ReleaseFile,
  state: BranchState,
  wish: Wish,
): Promise<string> {
  const sha = await makeCommit(github, await changeOf(file, state, wish));
  await moveAhead(github, branch, sha);
  return sha;
}

const changeOf = async (file: ReleaseFile, state: BranchState, wish: Wish) => ({
  path: file.path,
  text: await file.write(state.text, wish.release),
  message: `${wish.title}\n\n${wish.body.replaceAll(/[*`]/g, "")}`,
  parent: state,
});

/** What became of a proposal. */
export interface Proposed {
  pull: number;
  url: string;
  outcome: "opened" | "updated" | "unchanged";
}

/**
 * Proposes a wish: one branch and one pull request for each environment, made or updated in place. One that
 * proposes the same on the same commit stays as it is.
 */
export async function propose(
  github: GitHub,
  branch: string,
  file: ReleaseFile,
  state: BranchState,
  wish: Wish,
  open: Proposal | undefined,
): Promise<Proposed> {
  const { rest, at } = github;
  const own = proposalBranch(wish.environment);
  const body = [
    wish.body,
    "",
    `Merging this deploys it to **${wish.environment}**. Closing it declines this release; a newer one opens another pull request.`,
    "",
    `<!-- slipway release: ${formatRelease(wish.release)} -->`,
  ].join("\n");
  if (open && sameRelease(open, wish.release) && open.digest === wish.release.digest) {
    const { data: commit } = await rest.git.getCommit({ ...at, commit_sha: open.head });
    if (commit.parents[0]?.sha === state.sha) return { pull: open.pull, url: open.url, outcome: "unchanged" };
  }
  await setOwnBranch(github, own, await makeCommit(github, await changeOf(file, state, wish)));
  if (open) {
    await rest.pulls.update({ ...at, pull_number: open.pull, title: wish.title, body });
    return { pull: open.pull, url: open.url, outcome: "updated" };
  }
  const made = await rest.pulls
    .create({ ...at, head: own, base: branch, title: wish.title, body })
    .catch((error: Error) => {
      if (statusOf(error) !== 403) throw error;
      throw new Error(
        `GitHub refused to open a pull request: ${error.message} In the repository's settings, Actions, General: "Allow GitHub Actions to create and approve pull requests"`,
        { cause: error },
      );
    });
  return { pull: made.data.number, url: made.data.html_url, outcome: "opened" };
}
