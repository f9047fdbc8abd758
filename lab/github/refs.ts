import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { emptyRepository, notFound, unprocessable } from "./errors.ts";
import { zeros } from "./git.ts";
import { contains } from "./merging.ts";
import { tellPush } from "./newCommit.ts";
import { apiOf, readBody } from "./requests.ts";
import type { Context } from "./server.ts";
import { nodeId, type Repository } from "./state.ts";
import { checkWorkflows } from "./workflowFiles.ts";

const newRefSchema = z.object({ ref: z.string(), sha: z.string() });
const moveSchema = z.object({ sha: z.string(), force: z.boolean().default(false) });

/** Branches, tags and other refs, as the git data API has them. */
export function refRoutes(app: FastifyInstance, context: Context): void {
  const { git } = context;
  const base = "/repos/:owner/:repo/git";
  type Route = { Params: { "*": string } };

  const refJson = async (repository: Repository, ref: string, sha: string) => {
    const isBranch = ref.startsWith("refs/heads/");
    const type = isBranch ? "commit" : ((await git.typeOf(repository, sha)) as string);
    const at = `${apiOf(context, repository)}/git`;
    return {
      ref,
      node_id: nodeId(ref, repository.id),
      url: `${at}/${ref}`,
      object: { sha, type, url: `${at}/${type}s/${sha}` },
    };
  };
  /** The ref that a path names, which has it without `refs/`. */
  const refOf = (request: FastifyRequest) =>
    `refs/${decodeURIComponent((request.params as Route["Params"])["*"])}`;
  const at = async (repository: Repository, ref: string) => (await git.refs(repository, ref)).get(ref);

  /** What a ref may point to: a commit, or, where it is no branch, a tag of its own. */
  const checkTarget = async (repository: Repository, ref: string, sha: string) => {
    const type = await git.typeOf(repository, sha);
    if (type !== "commit" && !(type === "tag" && !ref.startsWith("refs/heads/")))
      throw unprocessable("Object does not exist");
  };

  app.get<Route>(`${base}/ref/*`, async (request) => {
    const repository = context.allowed(request, "contents", "read");
    const ref = refOf(request);
    const sha = await at(repository, ref);
    if (!sha) throw (await git.isEmpty(repository)) ? emptyRepository() : notFound();
    return refJson(repository, ref, sha);
  });

  app.get<Route>(`${base}/matching-refs/*`, async (request) => {
    const repository = context.allowed(request, "contents", "read");
    const prefix = refOf(request);
    const all = [...(await git.refs(repository, "refs/"))].filter(([ref]) => ref.startsWith(prefix));
    return Promise.all(all.map(([ref, sha]) => refJson(repository, ref, sha)));
  });

  app.post(`${base}/refs`, async (request, reply) => {
    const repository = context.allowed(request, "contents", "write");
    const { ref, sha } = readBody(newRefSchema, request);
    if (!/^refs\/[^/]+\/.+/.test(ref))
      throw unprocessable("Reference name must start with 'refs/' and have at least two slashes.");
    if (await git.isEmpty(repository)) throw emptyRepository();
    if (!(await git.isRefName(ref))) throw unprocessable(`${ref} is not a valid ref name.`);
    await checkTarget(repository, ref, sha);
    await checkWorkflows(context, request.actor, repository, sha);
    if (!(await git.moveRef(repository, ref, zeros, sha))) throw unprocessable("Reference already exists");
    await tellPush(context, repository, ref, zeros, sha, request.actor);
    return reply.code(201).send(await refJson(repository, ref, sha));
  });

  app.patch<Route>(`${base}/refs/*`, async (request) => {
    const repository = context.allowed(request, "contents", "write");
    const ref = refOf(request);
    const { sha, force } = readBody(moveSchema, request);
    const before = await at(repository, ref);
    if (!before) throw unprocessable("Reference does not exist");
    await checkTarget(repository, ref, sha);
    await checkWorkflows(context, request.actor, repository, sha);
    if (before === sha) return refJson(repository, ref, sha);
    const forward = force || (await contains(git.in(repository), sha, before));
    // A branch that somebody else moved since it was read is no longer behind the new commit, either.
    if (!forward || !(await git.moveRef(repository, ref, before, sha)))
      throw unprocessable("Update is not a fast forward");
    await tellPush(context, repository, ref, before, sha, request.actor);
    return refJson(repository, ref, sha);
  });

  app.delete<Route>(`${base}/refs/*`, async (request, reply) => {
    const repository = context.allowed(request, "contents", "write");
    const ref = refOf(request);
    const before = await at(repository, ref);
    if (!before) throw unprocessable("Reference does not exist");
    if (ref === `refs/heads/${repository.defaultBranch}`)
      throw unprocessable("Cannot delete the default branch");
    if (!(await git.moveRef(repository, ref, before, zeros))) throw unprocessable("Reference does not exist");
    await tellPush(context, repository, ref, before, zeros, request.actor);
    return reply.code(204).send();
  });
}
