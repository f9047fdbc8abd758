import pRetry, { AbortError } from "p-retry";
import { found, statusOf, type GitHub } from "./github.ts";

/** A commit that changes one file. */
export interface Change {
  /** Path of the file. */
  path: string;
  /** Its new text. */
  text: string;
  message: string;
  /** The tree that it changes. */
  tree: string;
  /** The commits that it comes after. */
  parents: string[];
}

/** Somebody else moved the branch. */
export class BranchMoved extends Error {}

/**
 * Makes a commit that is on no branch yet, by GitHub's git data API: no author is named, so GitHub signs it
 * for the job's token (https://docs.github.com/rest/git).
 *
 * @returns its SHA.
 */
export async function makeCommit({ rest, at }: GitHub, change: Change): Promise<string> {
  const { data: tree } = await rest.git.createTree({
    ...at,
    base_tree: change.tree,
    tree: [{ path: change.path, mode: "100644", type: "blob", content: change.text }],
  });
  const { data: commit } = await rest.git.createCommit({
    ...at,
    message: change.message,
    tree: tree.sha,
    parents: change.parents,
  });
  return commit.sha;
}

/** Moves a branch ahead to a commit; fails with `BranchMoved` if another came before. Never by force. */
export async function moveAhead({ rest, at }: GitHub, branch: string, sha: string): Promise<void> {
  try {
    await rest.git.updateRef({ ...at, ref: `heads/${branch}`, sha, force: false });
  } catch (error) {
    if (statusOf(error) === 422 && /fast.forward/i.test((error as Error).message))
      throw new BranchMoved(`branch ${branch} moved`, { cause: error });
    throw error;
  }
}

/**
 * Sets a branch that only these scripts write to a commit, whatever it was before. Fails with `BranchMoved` if
 * another sets it at the same moment.
 */
export async function setOwnBranch({ rest, at }: GitHub, branch: string, sha: string): Promise<void> {
  const there = await found(rest.git.getRef({ ...at, ref: `heads/${branch}` }));
  try {
    if (there) await rest.git.updateRef({ ...at, ref: `heads/${branch}`, sha, force: true });
    else await rest.git.createRef({ ...at, ref: `refs/heads/${branch}`, sha });
  } catch (error) {
    if (statusOf(error) !== 422) throw error;
    throw new BranchMoved(`branch ${branch} moved`, { cause: error });
  }
}

/**
 * Does something that reads a branch, decides and moves it; if the branch moved in between, all of it again,
 * up to 6 times within a minute.
 */
export const untilSettled = <T>(attempt: () => Promise<T>, told: (line: string) => void): Promise<T> =>
  pRetry(
    async () => {
      try {
        return await attempt();
      } catch (error) {
        if (error instanceof BranchMoved) throw error;
        throw new AbortError(error as Error);
      }
    },
    {
      retries: 5,
      minTimeout: 250,
      maxTimeout: 10_000,
      randomize: true,
      onFailedAttempt: ({ error }) => {
        if (error instanceof BranchMoved)
          told(`${error.message} in the meantime: reading it and deciding again`);
      },
    },
  );
