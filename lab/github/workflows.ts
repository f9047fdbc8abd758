import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { GitHubError, notFound, unprocessable } from "./errors.ts";
import { page } from "./pagination.ts";
import { apiOf, htmlOf, originOf, readBody } from "./requests.ts";
import type { Context } from "./server.ts";
import { nodeId, type Repository } from "./state.ts";
import { workflowsAt } from "./runner/workflowFile.ts";
import { dispatchInputs } from "./workflowDispatch.ts";

/** A workflow that GitHub knows: it has a number from the first time that its file was seen. */
export interface Workflow {
  id: number;
  repository: number;
  /** Below the repository's root: `.github/workflows/deploy.yaml`. */
  path: string;
  name: string;
  state: "active" | "deleted" | "disabled_manually";
  createdAt: string;
  updatedAt: string;
}

/** The workflow of this file, made known where it is not. */
export function knowWorkflow(
  { state }: Context,
  repository: Repository,
  path: string,
  name: string,
): Workflow {
  const list = state.list<Workflow>("workflows");
  const known = list.find((one) => one.repository === repository.id && one.path === path);
  if (known) {
    known.name = name;
    return known;
  }
  const now = state.timestamp();
  const workflow: Workflow = {
    id: state.nextId(),
    repository: repository.id,
    path,
    name,
    state: "active",
    createdAt: now,
    updatedAt: now,
  };
  list.push(workflow);
  state.save();
  return workflow;
}

/** Every workflow of the default branch, and each that has run from another branch. */
async function workflowsOf(context: Context, repository: Repository): Promise<Workflow[]> {
  const head = await context.git.commitOf(repository, `refs/heads/${repository.defaultBranch}`);
  for (const { path, name } of head ? await workflowsAt(context, repository, head) : [])
    knowWorkflow(context, repository, path, name);
  return context.state.list<Workflow>("workflows").filter((one) => one.repository === repository.id);
}

/** Finds a workflow by number or file name, as a path of the API names it. Fails with 404. */
export async function findWorkflow(
  context: Context,
  repository: Repository,
  name: string,
): Promise<Workflow> {
  const file = name.replace(/^\.github\/workflows\//, "");
  const found = (await workflowsOf(context, repository)).find(
    ({ id, path }) => String(id) === name || path === `.github/workflows/${file}`,
  );
  if (!found) throw notFound();
  return found;
}

const dispatchSchema = z.object({
  ref: z.string().min(1),
  inputs: z.record(z.string(), z.unknown()).default({}),
  return_run_details: z.boolean().default(false),
});

interface WorkflowParams {
  Params: { owner: string; repo: string; workflow: string };
}

/** Workflows, and starting one by hand. */
export function workflowRoutes(app: FastifyInstance, context: Context): void {
  const { state, git } = context;
  const base = "/repos/:owner/:repo/actions/workflows";
  const show = (repository: Repository, workflow: Workflow) => {
    const { id, name, path, state: active, createdAt, updatedAt } = workflow;
    const html = htmlOf(context, repository);
    return {
      id,
      node_id: nodeId("Workflow", id),
      name,
      path,
      state: active,
      created_at: createdAt,
      updated_at: updatedAt,
      url: `${apiOf(context, repository)}/actions/workflows/${id}`,
      html_url: `${html}/blob/${repository.defaultBranch}/${path}`,
      badge_url: `${html}/actions/workflows/${path.split("/").at(-1)}/badge.svg`,
    };
  };

  app.get(base, async (request, reply) => {
    const repository = context.allowed(request, "actions", "read");
    const all = await workflowsOf(context, repository);
    return {
      total_count: all.length,
      workflows: page(request, reply, context.url, all).map((one) => show(repository, one)),
    };
  });

  app.get<WorkflowParams>(`${base}/:workflow`, async (request) => {
    const repository = context.allowed(request, "actions", "read");
    return show(repository, await findWorkflow(context, repository, request.params.workflow));
  });

  for (const [verb, to] of [
    ["enable", "active"],
    ["disable", "disabled_manually"],
  ] as const)
    app.put<WorkflowParams>(`${base}/:workflow/${verb}`, async (request, reply) => {
      const repository = context.allowed(request, "actions", "write");
      (await findWorkflow(context, repository, request.params.workflow)).state = to;
      state.save();
      return reply.code(204).send();
    });

  app.post<WorkflowParams>(`${base}/:workflow/dispatches`, async (request, reply) => {
    const repository = context.allowed(request, "actions", "write");
    const given = readBody(dispatchSchema, request);
    // A branch or tag, with or without refs/ before it; no commit.
    const short = given.ref.replace(/^refs\/(heads|tags)\//, "");
    const wanted = given.ref.startsWith("refs/")
      ? [given.ref]
      : [`refs/heads/${short}`, `refs/tags/${short}`];
    const commits = await Promise.all(wanted.map((ref) => git.commitOf(repository, ref)));
    const at = commits.findIndex((commit) => commit !== undefined);
    const [ref, sha] = [wanted[at], commits[at]];

    const workflow = await findWorkflow(context, repository, request.params.workflow);
    if (!ref || !sha) throw unprocessable(`No ref found for: ${given.ref}`);
    if (workflow.state !== "active")
      throw unprocessable("Cannot trigger a 'workflow_dispatch' on a disabled workflow");
    const file = (await workflowsAt(context, repository, sha)).find(({ path }) => path === workflow.path);
    const read = dispatchInputs(file?.on, given.inputs);
    if ("error" in read) throw unprocessable(read.error);

    const runsBefore = state.runs.length;
    context.events.tell({
      ...originOf(request),
      name: "workflow_dispatch",
      repository,
      ref,
      sha,
      payload: { inputs: read.inputs, ref, workflow: workflow.path },
    });
    if (!given.return_run_details) return reply.code(204).send();
    const run = await startedRun(context, workflow, runsBefore);
    return {
      workflow_run_id: run,
      run_url: `${apiOf(context, repository)}/actions/runs/${run}`,
      html_url: `${htmlOf(context, repository)}/actions/runs/${run}`,
    };
  });
}

/** The number of the run that a dispatch started; waits up to 5 s for the runner to write it down. */
async function startedRun(context: Context, workflow: Workflow, runsBefore: number): Promise<number> {
  for (let tries = 0; tries < 100; tries++) {
    const run = context.state.runs.slice(runsBefore).find((one) => one.workflow.id === workflow.id);
    if (run) return run.id;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new GitHubError(503, "The run was not started in time");
}
