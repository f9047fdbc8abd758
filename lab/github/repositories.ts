import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { GitHubError, notFound, validationFailed } from "./errors.ts";
import { commitFiles } from "./newCommit.ts";
import { page } from "./pagination.ts";
import { topicsOf } from "./repositoryExtras.ts";
import { actorOf, readBody } from "./requests.ts";
import type { Context } from "./server.ts";
import { fullName, nodeId, type Repository } from "./state.ts";
import { type Actor, may, sees } from "./tokens.ts";
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
    topics: topicsOf(state, repository),
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

const wantedSchema = z.object({
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
type Wanted = z.infer<typeof wantedSchema>;

const settingsIn = (body: Wanted) =>
  Object.fromEntries(Object.entries(body).filter(([name, value]) => name in defaults && value !== undefined));

const nameTaken = () =>
  new GitHubError(422, "Repository creation failed.", [
    {
      resource: "Repository",
      code: "custom",
      field: "name",
      message: "name already exists on this account",
    },
  ]);

function checkName(name: string | undefined): string {
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

/** Changes what the request names; the branch that is to be the default one is there. */
async function change({ git, state }: Context, repository: Repository, body: Wanted): Promise<void> {
  const { default_branch: branch, visibility, name } = body;
  if (visibility && (visibility !== "public") === repository.private)
    throw new GitHubError(422, "Validation Failed", [
      { resource: "Repository", code: "custom", message: `Visibility is already ${visibility}.` },
    ]);
  if (branch !== undefined && branch !== repository.defaultBranch) {
    if (!(await git.commitOf(repository, `refs/heads/${branch}`)))
      throw validationFailed({ resource: "Repository", field: "default_branch", code: "invalid" });
    repository.defaultBranch = branch;
    await git.in(repository)(["symbolic-ref", "HEAD", `refs/heads/${branch}`]);
  }
  if (name !== undefined && name !== repository.name) {
    if (state.repository(repository.owner, checkName(name))) throw nameTaken();
    git.rename(repository, name);
  }
  if (body.description !== undefined) repository.description = body.description;
  if (body.private !== undefined) repository.private = body.private;
  if (visibility) repository.private = visibility !== "public";
  if (body.archived !== undefined) repository.archived = body.archived;
  Object.assign(repository.settings, settingsIn(body));
  repository.updatedAt = state.timestamp();
  state.save();
}

/** Whether a token may make repositories: with this scope, or, fine-grained, as an administrator. */
function checkMayCreate({ token }: Actor): void {
  if (token.kind === "installation") throw new GitHubError(403, "Resource not accessible by integration");
  if (token.kind === "fine-grained" && !["write", "admin"].includes(token.permissions?.administration ?? ""))
    throw new GitHubError(403, "Resource not accessible by personal access token");
  if (token.kind === "classic" && !token.scopes?.some((scope) => /^(public_)?repo$/.test(scope)))
    throw notFound();
}

/** Repositories themselves. */
export function repositoryRoutes(app: FastifyInstance, context: Context): void {
  const { state, git } = context;
  const create = async (request: FastifyRequest, owner: string) => {
    checkMayCreate(actorOf(request));
    const created = await createRepository(context, owner, readBody(wantedSchema, request));
    return repositoryJson(context, created, request);
  };
  const seenOf = (request: FastifyRequest, isWanted: (one: Repository) => boolean) =>
    state.data.repositories
      .filter((one) => isWanted(one) && sees(request.actor, one, state))
      .map((one) => repositoryJson(context, one, request));

  app.post("/user/repos", async (request, reply) =>
    reply.code(201).send(await create(request, actorOf(request).user.login)),
  );
  app.get("/user/repos", async (request, reply) => {
    const { login } = actorOf(request).user;
    return page(
      request,
      reply,
      context.url,
      seenOf(request, ({ owner }) => owner === login),
    );
  });
  app.post<{ Params: { org: string } }>("/orgs/:org/repos", async (request, reply) => {
    const org = state.user(request.params.org);
    if (org?.type !== "Organization") throw notFound();
    return reply.code(201).send(await create(request, org.login));
  });
  for (const path of ["/users/:login/repos", "/orgs/:login/repos"])
    app.get<{ Params: { login: string } }>(path, async (request, reply) => {
      const user = state.user(request.params.login);
      if (!user || (path.startsWith("/orgs/") && user.type !== "Organization")) throw notFound();
      return page(
        request,
        reply,
        context.url,
        seenOf(request, ({ owner }) => owner === user.login),
      );
    });

  app.get("/repos/:owner/:repo", async (request) => {
    const repository = context.repositoryOf(request);
    const parent = repository.parent === undefined ? undefined : state.repositoryById(repository.parent);
    const shown = parent && repositoryJson(context, parent, request);
    return {
      ...repositoryJson(context, repository, request),
      ...(shown ? { parent: shown, source: shown } : {}),
    };
  });
  app.patch("/repos/:owner/:repo", async (request) => {
    const repository = context.allowed(request, "administration", "write");
    await change(context, repository, readBody(wantedSchema, request));
    return repositoryJson(context, repository, request);
  });
  app.delete("/repos/:owner/:repo", async (request, reply) => {
    const repository = context.allowed(request, "administration", "write");
    const { token } = actorOf(request);
    if (token.kind === "classic" && !token.scopes?.includes("delete_repo"))
      throw new GitHubError(403, "Must have admin rights to Repository.");
    git.remove(repository);
    state.forget(repository);
    return reply.code(204).send();
  });
}
