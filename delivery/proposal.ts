import { textAt, type GitHub } from "./github.ts";
import { parseRelease, type Release } from "./release.ts";
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

/** A pull request as GitHub lists it. */
interface Listed {
  number: number;
  html_url: string;
  body: string | null;
  head: { sha: string };
  merged_at: string | null;
}

const marker = /<!-- slipway release: (\w[\w.-]{0,127}(?:@sha256:[0-9a-f]{64})?) -->/;

/** Line of a pull request's text that names its release: the branch may be gone when it is read again. */
export const markerOf = (release: string) => `<!-- slipway release: ${release} -->`;

/** The release that a pull request's text names; undefined where a person wrote it. */
export function marked(body: string | null): Release | undefined {
  const text = marker.exec(body ?? "")?.[1];
  return text === undefined ? undefined : parseRelease(text);
}

const proposal = (release: Release, { number, html_url: url, head }: Listed): Proposal => ({
  ...release,
  pull: number,
  url,
  head: head.sha,
});

/**
 * The open pull request of an environment, with the release that its branch names, and those that were closed
 * without a merge (the last 100).
 */
export async function readProposals(
  github: GitHub,
  environment: string,
  file: ReleaseFile,
): Promise<{ open: Proposal | undefined; declined: Proposal[] }> {
  const { rest, at } = github;
  const head = `${at.owner}:${proposalBranch(environment)}`;
  const [open, closed] = await Promise.all([
    rest.pulls.list({ ...at, head, state: "open" }),
    rest.pulls.list({ ...at, head, state: "closed", per_page: 100, sort: "updated", direction: "desc" }),
  ]);
  const declined = closed.data.flatMap((pull) => {
    const release = pull.merged_at ? undefined : marked(pull.body);
    return release ? [proposal(release, pull)] : [];
  });
  const [pull] = open.data;
  if (!pull) return { open: undefined, declined };
  const release = file.read((await textAt(github, file.path, pull.head.sha)) ?? "");
  return { open: release && proposal(release, pull), declined };
}
