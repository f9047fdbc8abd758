import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { notFound, unprocessable, validationFailed } from "./errors.ts";
import { loginJson } from "./issueRecords.ts";
import { page } from "./pagination.ts";
import { repositoryJson } from "./repositories.ts";
import { apiOf, originOf, readBody } from "./requests.ts";
import type { Context } from "./server.ts";
import { fullName, nodeId, type Repository, type State } from "./state.ts";

/** A status of a commit. Never changed: a newer one of the same context takes its place. */
export interface CommitStatus {
  id: number;
  repository: number;
  sha: string;
  state: "error" | "failure" | "pending" | "success";
  description: string | null;
  targetUrl: string | null;
  context: string;
  creator: string;
  createdAt: string;
}

/** Statuses that a commit may have of one context (docs.github.com, "Commit statuses"). */
const most = 1000;

const statusesOf = (state: State, repository: Repository, sha: string) =>
  state
    .list<CommitStatus>("statuses")
    .filter((status) => status.repository === repository.id && status.sha === sha);

/** The newest status of each context, newest first. */
function latestStatuses(state: State, repository: Repository, sha: string): CommitStatus[] {
  const latest = new Map<string, CommitStatus>();
  for (const status of statusesOf(state, repository, sha)) latest.set(status.context, status);
  return [...latest.values()].reverse();
}

/** All contexts taken together; undefined where the commit has no status at all. */
export function combinedState(
  state: State,
  repository: Repository,
  sha: string,
): "failure" | "pending" | "success" | undefined {
  const states = latestStatuses(state, repository, sha).map((status) => status.state);
  if (!states.length) return undefined;
  if (states.some((one) => one === "error" || one === "failure")) return "failure";
  return states.includes("pending") ? "pending" : "success";
}

const statusSchema = z.object({
  state: z.enum(["error", "failure", "pending", "success"]),
  target_url: z
    .string()
    .regex(/^(https?:\/\/.*)?$/)
    .nullish(),
  description: z.string().nullish(),
  context: z.string().default("default"),
});

interface StatusParams {
  Params: { owner: string; repo: string; sha: string };
}

/** Statuses of commits. */
export function statusRoutes(app: FastifyInstance, context: Context): void {
  const { state, git } = context;

  const show = (repository: Repository, status: CommitStatus) => {
    const creator = loginJson(context, status.creator);
    return {
      url: `${apiOf(context, repository)}/statuses/${status.sha}`,
      avatar_url: creator?.avatar_url ?? null,
      id: status.id,
      node_id: nodeId("StatusContext", status.id),
      state: status.state,
      description: status.description,
      target_url: status.targetUrl,
      context: status.context,
      created_at: status.createdAt,
      updated_at: status.createdAt,
      creator,
    };
  };
  const commitOf = async (request: FastifyRequest<StatusParams>) => {
    const repository = context.allowed(request, "statuses", "read");
    const sha = await git.commitOf(repository, request.params.sha);
    if (!sha) throw notFound();
    return { repository, sha };
  };

  app.post<StatusParams>("/repos/:owner/:repo/statuses/:sha", async (request, reply) => {
    const repository = context.allowed(request, "statuses", "write");
    const given = readBody(statusSchema, request);
    const { sha } = request.params;
    if (!/^[0-9a-f]{40}$/.test(sha) || !(await git.commitOf(repository, sha)))
      throw unprocessable(`No commit found for SHA: ${sha}`);
    if ((given.description ?? "").length > 140)
      throw validationFailed({
        resource: "Status",
        code: "custom",
        field: "description",
        message: "description is too long (maximum is 140 characters)",
      });
    const same = statusesOf(state, repository, sha).filter((one) => one.context === given.context);
    if (same.length >= most)
      throw validationFailed({
        resource: "Status",
        code: "custom",
        message: "This SHA and context has reached the maximum number of statuses.",
      });
    const status: CommitStatus = {
      id: state.nextId(),
      repository: repository.id,
      sha,
      state: given.state,
      description: given.description ?? null,
      targetUrl: given.target_url ?? null,
      context: given.context,
      creator: originOf(request).actor,
      createdAt: state.timestamp(),
    };
    state.list<CommitStatus>("statuses").push(status);
    state.save();
    const shown = show(repository, status);
    context.events.tell({
      ...originOf(request),
      name: "status",
      repository,
      ref: `refs/heads/${repository.defaultBranch}`,
      sha,
      payload: { ...shown, sha, name: fullName(repository), branches: [] },
    });
    return reply.code(201).header("location", shown.url).send(shown);
  });

  app.get<StatusParams>("/repos/:owner/:repo/commits/:sha/statuses", async (request, reply) => {
    const { repository, sha } = await commitOf(request);
    const own = statusesOf(state, repository, sha).reverse();
    return page(request, reply, context.url, own).map((status) => show(repository, status));
  });

  app.get<StatusParams>("/repos/:owner/:repo/commits/:sha/status", async (request, reply) => {
    const { repository, sha } = await commitOf(request);
    const latest = latestStatuses(state, repository, sha);
    const url = `${apiOf(context, repository)}/commits/${sha}`;
    return {
      state: combinedState(state, repository, sha) ?? "pending",
      statuses: page(request, reply, context.url, latest).map((status) => {
        const { creator: _, ...shown } = show(repository, status);
        return shown;
      }),
      sha,
      total_count: latest.length,
      repository: repositoryJson(context, repository),
      commit_url: url,
      url: `${url}/status`,
    };
  });
}
