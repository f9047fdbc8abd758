import type { FastifyRequest } from "fastify";
import { z } from "zod";
import { GitHubError, validationFailed } from "./errors.ts";
import { commitFiles } from "./newCommit.ts";
import type { Context } from "./server.ts";
import { fullName, nodeId, type Repository } from "./state.ts";
import { may } from "./tokens.ts";
import { userJson } from "./users.ts";

const templates = {
  archive: "{archive_format}{/ref}", assignees: "{/user}", blobs: "git/blobs{/sha}", branches: "{/branch}",
  collaborators: "{/collaborator}", comments: "{/number}", commits: "{/sha}", compare: "compare/{base}...{head}",
  contents: "contents/{+path}", contributors: "", deployments: "", downloads: "", events: "", forks: "",
  git_commits: "git/commits{/sha}", git_refs: "git/refs{/sha}", git_tags: "git/tags{/sha}", hooks: "",
  issue_comment: "issues/comments{/number}", issue_events: "issues/events{/number}", issues: "{/number}",
  keys: "{/key_id}", labels: "{/name}", languages: "", merges: "", milestones: "{/number}",
  notifications: "{?since,all,participating}", pulls: "{/number}", releases: "{/id}", stargazers: "",
  statuses: "{/sha}", subscribers: "", subscription: "", tags: "", teams: "", trees: "git/trees{/sha}",
}; // prettier-ignore

/** Settings that `POST` and `PATCH` take as they are, with GitHub's defaults. */
const defaults = {
  has_issues: true,
  has_projects: true,
  has_wiki: true,
  has_downloads: true,
  has_discussions: false,
  homepage: null,
  is_template: false,
  allow_squash_merge: true,
  allow_merge_commit: true,
  allow_rebase_merge: true,
  allow_auto_merge: false,
  allow_update_branch: false,
  allow_forking: true,
  delete_branch_on_merge: false,
  squash_merge_commit_title: "COMMIT_OR_PR_TITLE",
  squash_merge_commit_message: "COMMIT_MESSAGES",
  merge_commit_title: "MERGE_MESSAGE",
  merge_commit_message: "PR_TITLE",
  web_commit_signoff_required: false,
  use_squash_pr_title_as_default: false,
};

/** A repository as the API and events show it. */
export function repositoryJson(
  context: Context,
  repository: Repository,
  request?: FastifyRequest,
): Record<string, unknown> {
  const { state, url, api } = context;
  const name = fullName(repository);
  const self = `${api}/repos/${name}`;
  const html = `${url}/${name}`;
  const owner = state.user(repository.owner);
  const forks = state.data.repositories.filter((one) => one.parent === repository.id).length;
  const open = openIssues(context, repository);
  const urls = Object.fromEntries(
    Object.entries(templates).map(([key, rest]) => [
      `${key}_url`,
      rest === "" || /^[{]/.test(rest) ? `${self}/${key === "archive" ? "" : key}${rest}` : `${self}/${rest}`,
    ]),
  );
  const can = (level: "read" | "write" | "admin", permission: string) =>
    may(request?.actor, repository, state, permission, level);
  const admin = can("admin", "administration");
  const push = can("write", "contents");
  return {
    id: repository.id,
    node_id: nodeId("Repository", repository.id),
    name: repository.name,
    full_name: name,
    private: repository.private,
    owner: owner && userJson(context, owner),
    html_url: html,
    description: repository.description,
    fork: repository.parent !== undefined,
    url: self,
    ...urls,
    git_url: `git:${html.replace(/^https?:/, "")}.git`,
    ssh_url: `git@${new URL(url).hostname}:${name}.git`,
    clone_url: `${html}.git`,
    svn_url: html,
    mirror_url: null,
    ...defaults,
    ...repository.settings,
    has_pages: false,
    archived: repository.archived,
    disabled: false,
    visibility: repository.private ? "private" : "public",
    default_branch: repository.defaultBranch,
    language: null,
    license: null,
    topics: repository.topics ?? [],
    forks,
    forks_count: forks,
    open_issues: open,
    open_issues_count: open,
    stargazers_count: 0,
    watchers: 0,
    watchers_count: 0,
    network_count: forks,
    subscribers_count: 0,
    size: repository.pushedAt ? 1 : 0,
    pushed_at: repository.pushedAt ?? repository.createdAt,
    created_at: repository.createdAt,
    updated_at: repository.updatedAt,
    permissions: { admin, maintain: admin, push, triage: push, pull: true },
  };
}

const openIssues = ({ state }: Context, repository: Repository) =>
  ["issues", "pulls"].reduce(
    (count, name) =>
      count +
      state
        .list<{ repository: number; state: string }>(name)
        .filter((one) => one.repository === repository.id && one.state === "open").length,
    0,
  );

/** What `POST` and `PATCH` take of a repository. */
export const wantedSchema = z.object({
  name: z.string().optional(),
  private: z.boolean().optional(),
  visibility: z.enum(["public", "private", "internal"]).optional(),
  description: z.string().nullish(),
  homepage: z.string().nullish(),
  auto_init: z.boolean().optional(),
  default_branch: z.string().optional(),
  archived: z.boolean().optional(),
  ...Object.fromEntries(
    Object.entries(defaults)
      .filter(([name]) => name !== "homepage")
      .map(([name, value]) => [name, (typeof value === "boolean" ? z.boolean() : z.string()).optional()]),
  ),
});
export type Wanted = z.infer<typeof wantedSchema>;

/** Those of them that are settings. */
export const settingsIn = (body: Wanted) =>
  Object.fromEntries(Object.entries(body).filter(([name, value]) => name in defaults && value !== undefined));

/** GitHub's answer to a second repository of one name. */
export const nameTaken = () =>
  new GitHubError(422, "Repository creation failed.", [
    {
      resource: "Repository",
      code: "custom",
      field: "name",
      message: "name already exists on this account",
    },
  ]);

/** Fails where a repository can't have this name. */
export function checkName(name: string | undefined): string {
  if (!name) throw validationFailed({ resource: "Repository", field: "name", code: "missing_field" });
  if (!/^[\w.-]{1,100}$/.test(name) || /^\.{1,2}$/.test(name))
    throw validationFailed({ resource: "Repository", field: "name", code: "invalid" });
  return name;
}

/** Makes a repository. Its owner is there. A fork begins with all that its parent has. */
export async function createRepository(
  context: Context,
  owner: string,
  body: Wanted,
  parent?: Repository,
): Promise<Repository> {
  const { state, git } = context;
  const name = checkName(body.name);
  if (state.repository(owner, name)) throw nameTaken();
  const now = state.timestamp();
  const repository: Repository = {
    id: state.nextId(),
    owner: state.user(owner)?.login ?? owner,
    name,
    private: body.visibility === undefined ? (body.private ?? false) : body.visibility !== "public",
    description: body.description ?? null,
    defaultBranch: parent?.defaultBranch ?? "main",
    ...(parent ? { parent: parent.id } : {}),
    archived: false,
    settings: settingsIn(body),
    createdAt: now,
    updatedAt: now,
    pushedAt: parent ? now : null,
  };
  await git.create(repository, parent);
  state.data.repositories.push(repository);
  state.save();
  if (body.auto_init)
    await commitFiles(context, repository, {
      branch: repository.defaultBranch,
      files: { "README.md": Buffer.from(`# ${name}\n`) },
      message: "Initial commit",
    });
  return repository;
}
