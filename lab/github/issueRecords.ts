/** Issues and pull requests as they are kept: a pull request is an issue with more to it, and shares its numbers. */
import { labelById, labelJson } from "./labels.ts";
import { apiOf, htmlOf } from "./requests.ts";
import type { Context } from "./server.ts";
import { nodeId, type Repository, type State } from "./state.ts";
import { userJson } from "./users.ts";

/** One side of a pull request. */
export interface Side {
  /** Id of the repository; null where it is no more. */
  repository: number | null;
  /** Login of the repository's owner. */
  owner: string;
  branch: string;
  sha: string;
}

/** What a pull request has over an issue. */
export interface Pull {
  id: number;
  draft: boolean;
  head: Side;
  base: Side;
  maintainerCanModify: boolean;
  /** Both sides' SHAs that `mergeable` was worked out for. */
  testedFor: string | null;
  mergeable: boolean | null;
  /** The test merge while it is open and mergeable; then the commit that it was merged by. */
  mergeCommit: string | null;
  /** What the merge put on the base branch; empty for a merge by push. */
  mergedCommits: string[];
  mergedAt: string | null;
  mergedBy: string | null;
}

/** An issue, or a pull request. */
export interface Issue {
  id: number;
  repository: number;
  number: number;
  title: string;
  body: string | null;
  /** Login of who opened it. */
  user: string;
  /** Ids. */
  labels: number[];
  /** Logins. */
  assignees: string[];
  state: "open" | "closed";
  stateReason: "completed" | "reopened" | "not_planned" | "duplicate" | null;
  locked: boolean;
  closedBy: string | null;
  createdAt: string;
  updatedAt: string;
  closedAt: string | null;
  pull?: Pull;
}

/** A pull request. */
export type PullRequest = Issue & { pull: Pull };

/** A comment on an issue or pull request. */
export interface Comment {
  id: number;
  /** Id of the issue. */
  issue: number;
  user: string;
  body: string;
  createdAt: string;
  updatedAt: string;
}

/** Every issue and pull request of a repository, oldest first. */
export const issuesOf = (state: State, repository: Repository) =>
  state.list<Issue>("issues").filter((issue) => issue.repository === repository.id);

/** True for a pull request. */
export const isPull = (issue: Issue): issue is PullRequest => issue.pull !== undefined;

/** The issue or pull request of this number. */
export const findIssue = (state: State, repository: Repository, number: number) =>
  issuesOf(state, repository).find((issue) => issue.number === number);

/** Writes down a new issue, open. */
export function createIssue(
  state: State,
  repository: Repository,
  given: Pick<Issue, "title" | "body" | "user"> & Partial<Issue>,
): Issue {
  const now = state.timestamp();
  const issue: Issue = {
    labels: [],
    assignees: [],
    ...given,
    id: state.nextId(),
    repository: repository.id,
    number: state.nextNumber(repository),
    state: "open",
    stateReason: null,
    locked: false,
    closedBy: null,
    createdAt: now,
    updatedAt: now,
    closedAt: null,
  };
  state.list<Issue>("issues").push(issue);
  state.save();
  return issue;
}

/** Closes an issue or pull request, or opens it again. */
export function setState(
  state: State,
  issue: Issue,
  to: Issue["state"],
  by: string,
  reason?: Issue["stateReason"],
): void {
  const now = state.timestamp();
  const closed = to === "closed";
  issue.state = to;
  issue.stateReason = reason ?? (isPull(issue) ? null : closed ? "completed" : "reopened");
  issue.closedAt = closed ? now : null;
  issue.closedBy = closed ? by : null;
  issue.updatedAt = now;
  state.save();
}

/** A user by login, as other objects show it; null for one that is no more. */
export function loginJson(context: Context, login: string | null) {
  const user = login === null ? undefined : context.state.user(login);
  return user ? userJson(context, user) : null;
}

/** What somebody is to a repository. */
export const associationOf = (repository: Repository, login: string) =>
  login.toLowerCase() === repository.owner.toLowerCase() ? "OWNER" : "NONE";

/** The labels of an issue, as the API shows them. */
export const labelsJson = (context: Context, repository: Repository, issue: Issue) =>
  issue.labels
    .map((id) => labelById(context.state, id))
    .filter((label) => label !== undefined)
    .map((label) => labelJson(context, repository, label));

/** Address of an issue, or of a pull request, for people. */
export const issueHtml = (context: Context, repository: Repository, issue: Issue) =>
  `${htmlOf(context, repository)}/${isPull(issue) ? "pull" : "issues"}/${issue.number}`;

/** No reactions: the emulator has none. */
export const reactions = (url: string) => ({
  url: `${url}/reactions`,
  total_count: 0,
  "+1": 0,
  "-1": 0,
  laugh: 0,
  hooray: 0,
  confused: 0,
  heart: 0,
  rocket: 0,
  eyes: 0,
});

/** An issue as the API shows it; a pull request shows its side as an issue. */
export function issueJson(context: Context, repository: Repository, issue: Issue) {
  const api = apiOf(context, repository);
  const url = `${api}/issues/${issue.number}`;
  const html = issueHtml(context, repository, issue);
  const assignees = issue.assignees.map((login) => loginJson(context, login)).filter(Boolean);
  return {
    url,
    repository_url: api,
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    html_url: html,
    id: issue.id,
    node_id: nodeId(isPull(issue) ? "PullRequest" : "Issue", issue.id),
    number: issue.number,
    title: issue.title,
    user: loginJson(context, issue.user),
    labels: labelsJson(context, repository, issue),
    state: issue.state,
    state_reason: issue.stateReason,
    locked: issue.locked,
    active_lock_reason: null,
    assignee: assignees[0] ?? null,
    assignees,
    milestone: null,
    comments: context.state.list<Comment>("comments").filter((one) => one.issue === issue.id).length,
    created_at: issue.createdAt,
    updated_at: issue.updatedAt,
    closed_at: issue.closedAt,
    closed_by: loginJson(context, issue.closedBy),
    author_association: associationOf(repository, issue.user),
    body: issue.body,
    reactions: reactions(url),
    timeline_url: `${url}/timeline`,
    ...(isPull(issue)
      ? {
          draft: issue.pull.draft,
          pull_request: {
            url: `${api}/pulls/${issue.number}`,
            html_url: html,
            diff_url: `${html}.diff`,
            patch_url: `${html}.patch`,
            merged_at: issue.pull.mergedAt,
          },
        }
      : {}),
  };
}
