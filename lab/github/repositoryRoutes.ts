import type { FastifyInstance, FastifyRequest } from "fastify";
import { GitHubError, notFound, validationFailed } from "./errors.ts";
import { page } from "./pagination.ts";
import {
  checkName,
  createRepository,
  nameTaken,
  repositoryJson,
  settingsIn,
  type Wanted,
  wantedSchema,
} from "./repositories.ts";
import { actorOf, readBody } from "./requests.ts";
import type { Context } from "./server.ts";
import type { Repository } from "./state.ts";
import { type Actor, sees } from "./tokens.ts";

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
