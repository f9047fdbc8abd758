/** Pull requests as the API and events show them. */
import {
  associationOf,
  isPull,
  issueHtml,
  issueJson,
  issuesOf,
  labelsJson,
  loginJson,
  type Comment,
  type PullRequest,
  type Side,
} from "./issueRecords.ts";
import { changedFiles, commitsBetween, mergeBase, type ChangedFile } from "./merging.ts";
import { repositoryJson } from "./repositories.ts";
import { apiOf } from "./requests.ts";
import type { Context } from "./server.ts";
import { combinedState } from "./statuses.ts";
import { nodeId, type Repository } from "./state.ts";

/** Every pull request of a repository, oldest first. */
export const pullsOf = (context: Context, repository: Repository) =>
  issuesOf(context.state, repository).filter(isPull);

/** `owner:branch`. */
export const labelOf = ({ owner, branch }: Side) => `${owner}:${branch}`;

/** What a pull request changes. */
export interface Change {
  /** The two commits between which it lies. */
  from: string;
  to: string;
  /** Its commits, oldest first. */
  commits: string[];
  files: ChangedFile[];
}

/** Changes that were worked out already: what lies between two commits never changes. */
const changes = new WeakMap<Context, Map<string, Promise<Change>>>();

/** What a pull request changes, as git says. */
export function changeOf(context: Context, repository: Repository, { pull }: PullRequest): Promise<Change> {
  const known = changes.get(context) ?? new Map<string, Promise<Change>>();
  changes.set(context, known);
  const { base, head } = pull;
  const key = `${repository.id} ${base.sha} ${head.sha}`;
  const work = async (): Promise<Change> => {
    const git = context.git.in(repository);
    const from = (await mergeBase(git, base.sha, head.sha)) ?? base.sha;
    const [commits, files] = await Promise.all([
      commitsBetween(git, from, head.sha),
      changedFiles(git, from, head.sha),
    ]);
    return { from, to: head.sha, commits, files };
  };
  const change = known.get(key) ?? work();
  known.set(key, change);
  change.catch(() => known.delete(key));
  return change;
}

function sideJson(context: Context, side: Side) {
  const repository = side.repository === null ? undefined : context.state.repositoryById(side.repository);
  return {
    label: labelOf(side),
    ref: side.branch,
    sha: side.sha,
    user: loginJson(context, side.owner),
    repo: repository ? repositoryJson(context, repository) : null,
  };
}

/** A pull request as lists show it ("Pull Request Simple"). */
export function pullSimpleJson(context: Context, repository: Repository, pr: PullRequest) {
  const { pull } = pr;
  const api = apiOf(context, repository);
  const url = `${api}/pulls/${pr.number}`;
  const html = issueHtml(context, repository, pr);
  const issue = issueJson(context, repository, pr);
  const link = (href: string) => ({ href });
  const urls = {
    commits_url: `${url}/commits`,
    review_comments_url: `${url}/comments`,
    review_comment_url: `${api}/pulls/comments{/number}`,
    comments_url: `${issue.url}/comments`,
    statuses_url: `${api}/statuses/${pull.head.sha}`,
  };
  return {
    url,
    id: pull.id,
    node_id: nodeId("PullRequest", pull.id),
    html_url: html,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    issue_url: issue.url,
    ...urls,
    number: pr.number,
    state: pr.state,
    locked: pr.locked,
    title: pr.title,
    user: issue.user,
    body: pr.body,
    labels: labelsJson(context, repository, pr),
    milestone: null,
    active_lock_reason: null,
    created_at: pr.createdAt,
    updated_at: pr.updatedAt,
    closed_at: pr.closedAt,
    merged_at: pull.mergedAt,
    merge_commit_sha: pull.mergeCommit,
    assignee: issue.assignee,
    assignees: issue.assignees,
    requested_reviewers: [],
    requested_teams: [],
    head: sideJson(context, pull.head),
    base: sideJson(context, pull.base),
    _links: {
      self: link(url),
      html: link(html),
      issue: link(issue.url),
      comments: link(urls.comments_url),
      review_comments: link(urls.review_comments_url),
      review_comment: link(urls.review_comment_url),
      commits: link(urls.commits_url),
      statuses: link(urls.statuses_url),
    },
    author_association: associationOf(repository, pr.user),
    auto_merge: null,
    draft: pull.draft,
  };
}

function mergeableState(context: Context, repository: Repository, pr: PullRequest): string {
  const { mergeable, draft, head } = pr.pull;
  if (pr.state === "closed" || mergeable === null) return "unknown";
  if (!mergeable) return "dirty";
  if (draft) return "draft";
  // Statuses that are not required do not block, but GitHub tells of them.
  const statuses = combinedState(context.state, repository, head.sha);
  return statuses === "success" || statuses === undefined ? "clean" : "unstable";
}

/** A whole pull request, with what git says of it. */
export async function pullJson(context: Context, repository: Repository, pr: PullRequest) {
  const { pull } = pr;
  const { commits, files } = await changeOf(context, repository, pr);
  const sum = (key: "additions" | "deletions") => files.reduce((total, file) => total + file[key], 0);
  const mergeable = pr.state === "open" ? pull.mergeable : null;
  return {
    ...pullSimpleJson(context, repository, pr),
    merged: pull.mergedAt !== null,
    mergeable,
    rebaseable: mergeable,
    mergeable_state: mergeableState(context, repository, pr),
    merged_by: loginJson(context, pull.mergedBy),
    comments: context.state.list<Comment>("comments").filter((one) => one.issue === pr.id).length,
    review_comments: 0,
    maintainer_can_modify: pull.maintainerCanModify,
    commits: commits.length,
    additions: sum("additions"),
    deletions: sum("deletions"),
    changed_files: files.length,
  };
}
