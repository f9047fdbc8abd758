import { execa } from "execa";
import type { Job } from "./job.ts";
import type { ReleaseFile } from "./releaseFile.ts";
import { formatRelease, type Release } from "./release.ts";

/** A branch at one moment: its head, and what git knows of one of its files. */
export interface BranchState {
  /** Commit at the head. */
  sha: string;
  /** Tree of that commit. */
  tree: string;
  /** Text of the file. */
  text: string;
  /** Each release that the file named on this branch, oldest first; neighbours differ. */
  history: Release[];
}

/** Configuration that lets one git command read with the job's token, which is in no argument and no file. */
function authentication({ server, token }: Job): NodeJS.ProcessEnv {
  const basic = Buffer.from(`x-access-token:${token}`).toString("base64");
  return {
    GIT_CONFIG_COUNT: "1",
    GIT_CONFIG_KEY_0: `http.${server}/.extraheader`,
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
    GIT_TERMINAL_PROMPT: "0",
  };
}

/**
 * Reads a branch of the config repository as it is now: what came after the checkout is fetched first.
 *
 * @throws if the branch or the file on it isn't there, or the checkout has not all commits.
 */
export async function readBranch(job: Job, branch: string, file: ReleaseFile): Promise<BranchState> {
  const git = execa({ cwd: job.folder, env: authentication(job), stripFinalNewline: true });
  const from = `${job.server}/${job.owner}/${job.repo}.git`;
  const fetched = await git({ reject: false })`git fetch --quiet --no-tags ${from} ${`refs/heads/${branch}`}`;
  if (fetched.failed)
    throw new Error(`could not read branch ${branch} of ${job.owner}/${job.repo}: ${fetched.stderr}`);
  const { stdout: head } = await git`git rev-parse FETCH_HEAD ${"FETCH_HEAD^{tree}"}`;
  const [sha, tree] = head.split("\n") as [string, string];
  const { stdout: shallow } = await git`git rev-parse --is-shallow-repository`;
  if (shallow === "true")
    throw new Error("the checkout lacks commits, and so past releases; check out with fetch-depth: 0");
  const { stdout: log } = await git`git log --first-parent --reverse --format=%H ${sha} -- ${file.path}`;
  const commits = log.split("\n").filter(Boolean);
  const texts = await readVersions(job, [sha, ...commits], file.path);
  const [text, ...before] = texts;
  if (text === undefined)
    throw new Error(`there is no ${file.path} on branch ${branch}; commit it (pulumi stack init writes it)`);
  return { sha, tree, text, history: releasesIn(file, before) };
}

/** Text of a file at each of these commits, by one git process; undefined where it wasn't there. */
async function readVersions(job: Job, commits: string[], file: string): Promise<(string | undefined)[]> {
  const { stdout } = await execa("git", ["cat-file", "--batch"], {
    cwd: job.folder,
    input: commits.map((commit) => `${commit}:${file}\n`).join(""),
    encoding: "buffer",
  });
  const output = Buffer.from(stdout);
  let at = 0;
  return commits.map(() => {
    const end = output.indexOf("\n", at);
    const header = output.subarray(at, end).toString();
    at = end + 1;
    const size = / blob (\d+)$/.exec(header)?.[1];
    if (size === undefined) return undefined;
    const text = output.subarray(at, at + Number(size)).toString();
    at += Number(size) + 1;
    return text;
  });
}

/** Releases that versions of the file name, each once in a row. A version that can't be read names none. */
export function releasesIn(file: ReleaseFile, texts: (string | undefined)[]): Release[] {
  const releases: Release[] = [];
  for (const text of texts) {
    const one = text === undefined ? undefined : readable(file, text);
    const last = releases.at(-1);
    if (one && (!last || formatRelease(last) !== formatRelease(one))) releases.push(one);
  }
  return releases;
}

function readable(file: ReleaseFile, text: string): Release | undefined {
  try {
    return file.read(text);
  } catch {
    // A commit of long ago with a mistake in it must not stop today's release.
    return undefined;
  }
}
