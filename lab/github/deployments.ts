import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import {
  addDeploymentStatus,
  createDeployment,
  showDeployment,
  showStatus,
  type Deployment,
} from "./deploymentRecords.ts";
import { GitHubError, notFound, unprocessable } from "./errors.ts";
import { page } from "./pagination.ts";
import { numberIn, originOf, readBody } from "./requests.ts";
import type { Context } from "./server.ts";
import type { Repository } from "./state.ts";
import { combinedState } from "./statuses.ts";

const deploymentSchema = z.object({
  ref: z.string().min(1),
  task: z.string().default("deploy"),
  auto_merge: z.boolean().default(true),
  required_contexts: z.array(z.string()).optional(),
  payload: z.union([z.record(z.string(), z.unknown()), z.string()]).default({}),
  environment: z.string().min(1).default("production"),
  description: z.string().max(140).nullish(),
  transient_environment: z.boolean().default(false),
  production_environment: z.boolean().optional(),
});
const statusSchema = z.object({
  state: z.enum(["error", "failure", "inactive", "in_progress", "queued", "pending", "success"]),
  target_url: z.string().optional(),
  log_url: z.string().optional(),
  description: z.string().max(140).optional(),
  environment: z.string().optional(),
  environment_url: z.string().optional(),
  auto_inactive: z.boolean().default(true),
});

interface DeploymentParams {
  Params: { owner: string; repo: string; id: string; status: string };
  Querystring: Partial<Record<"sha" | "ref" | "task" | "environment", string>>;
}

/** Deployments of a repository and their statuses. */
export function deploymentRoutes(app: FastifyInstance, context: Context): void {
  const { state, git } = context;
  const base = "/repos/:owner/:repo/deployments";
  const ofRepository = (repository: Repository) =>
    state.list<Deployment>("deployments").filter((one) => one.repository === repository.id);
  const find = (request: FastifyRequest<DeploymentParams>, level: "read" | "write") => {
    const repository = context.allowed(request, "deployments", level);
    const id = numberIn(request.params.id);
    const deployment = ofRepository(repository).find((one) => one.id === id);
    if (!deployment) throw notFound();
    return { repository, deployment };
  };

  app.get<DeploymentParams>(base, async (request, reply) => {
    const repository = context.allowed(request, "deployments", "read");
    const found = ofRepository(repository).filter((deployment) =>
      (["sha", "ref", "task", "environment"] as const).every((key) => {
        const wanted = request.query[key];
        return wanted === undefined || wanted === "none" || deployment[key] === wanted;
      }),
    );
    return page(request, reply, context.url, found.reverse()).map((one) =>
      showDeployment(context, repository, one),
    );
  });

  app.post(base, async (request, reply) => {
    const repository = context.allowed(request, "deployments", "write");
    const given = readBody(deploymentSchema, request);
    const sha = await git.commitOf(repository, given.ref);
    if (!sha) throw unprocessable(`No ref found for: ${given.ref}`);
    // Without a list, every status that the commit has must be a success; an empty list asks for none.
    const combined = combinedState(state, repository, sha);
    if (given.required_contexts === undefined && combined !== undefined && combined !== "success")
      throw new GitHubError(409, `Conflict: Commit status checks failed for ${given.ref}.`);
    const { environment, task, payload, description, transient_environment: transient } = given;
    const deployment = createDeployment(
      context,
      repository,
      {
        sha,
        ref: given.ref,
        environment,
        task,
        payload,
        description: description ?? null,
        transient,
        production: given.production_environment ?? environment === "production",
      },
      originOf(request),
    );
    return reply.code(201).send(showDeployment(context, repository, deployment));
  });

  app.get<DeploymentParams>(`${base}/:id`, async (request) => {
    const { repository, deployment } = find(request, "read");
    return showDeployment(context, repository, deployment);
  });

  app.delete<DeploymentParams>(`${base}/:id`, async (request, reply) => {
    const { repository, deployment } = find(request, "write");
    const active = deployment.statuses.at(-1)?.state === "success";
    if (active && ofRepository(repository).length > 1)
      throw unprocessable(
        "We cannot delete an active deployment unless it is the only deployment in a given environment.",
      );
    const list = state.list<Deployment>("deployments");
    list.splice(list.indexOf(deployment), 1);
    state.save();
    return reply.code(204).send();
  });

  app.get<DeploymentParams>(`${base}/:id/statuses`, async (request, reply) => {
    const { repository, deployment } = find(request, "read");
    return page(request, reply, context.url, [...deployment.statuses].reverse()).map((status) =>
      showStatus(context, repository, deployment, status),
    );
  });

  app.get<DeploymentParams>(`${base}/:id/statuses/:status`, async (request) => {
    const { repository, deployment } = find(request, "read");
    const id = numberIn(request.params.status);
    const status = deployment.statuses.find((one) => one.id === id);
    if (!status) throw notFound();
    return showStatus(context, repository, deployment, status);
  });

  app.post<DeploymentParams>(`${base}/:id/statuses`, async (request, reply) => {
    const { repository, deployment } = find(request, "write");
    const given = readBody(statusSchema, request);
    const status = addDeploymentStatus(
      context,
      repository,
      deployment,
      {
        state: given.state,
        description: given.description ?? "",
        environment: given.environment ?? deployment.environment,
        environmentUrl: given.environment_url ?? "",
        logUrl: given.log_url ?? given.target_url ?? "",
      },
      originOf(request),
      given.auto_inactive,
    );
    const shown = showStatus(context, repository, deployment, status);
    return reply.code(201).header("location", shown.url).send(shown);
  });
}
