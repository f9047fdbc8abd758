import type { FastifyInstance, FastifyRequest } from "fastify";
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { GitHubError, notFound } from "./errors.ts";
import { page } from "./pagination.ts";
import { numberIn, originOf } from "./requests.ts";
import { jobJson, runJson } from "./runRecords.ts";
import { findJob, findRun, jobsOf, nextAttempt, type Job, type Run } from "./runs.ts";
import type { Context } from "./server.ts";
import type { Repository } from "./state.ts";
import { findWorkflow } from "./workflows.ts";

/** How long the address of a log answers, in milliseconds (docs.github.com: one minute). */
const logLifetime = 60_000;

interface RunParams {
  Params: {
    owner: string;
    repo: string;
    id: string;
    attempt: string;
    workflow: string;
    secret: string;
  };
  Querystring: Partial<
    Record<"actor" | "branch" | "event" | "status" | "head_sha" | "filter" | "created", string>
  >;
}

/** Finds the run that a request's path names, and checks the permission. */
export function runAllowed(
  context: Context,
  request: FastifyRequest,
  permission: "actions" | "deployments",
  level: "read" | "write",
): { repository: Repository; run: Run } {
  const repository = context.allowed(request, permission, level);
  const run = findRun(context.state, numberIn((request.params as { id: string }).id));
  if (run?.repository !== repository.id) throw notFound();
  return { repository, run };
}

function filterRuns(runs: Run[], query: RunParams["Querystring"]): Run[] {
  const { actor, branch, event, status, head_sha: sha } = query;
  const is = (value: string | null, wanted: string | undefined) => wanted === undefined || value === wanted;
  return runs
    .filter(
      (run) =>
        is(run.actor, actor) &&
        is(run.headBranch, branch) &&
        is(run.event, event) &&
        is(run.headSha, sha) &&
        (is(run.status, status) || is(run.conclusion, status)),
    )
    .reverse();
}

/** Runs of workflows and their jobs: to look at, to stop and to do again. */
export function runRoutes(app: FastifyInstance, context: Context): void {
  const { state } = context;
  const actions = "/repos/:owner/:repo/actions";
  const base = `${actions}/runs`;
  const logs = new Map<string, Job>();

  const list = async (
    request: FastifyRequest<RunParams>,
    reply: Parameters<typeof page>[1],
    repository: Repository,
    runs: Run[],
  ) => {
    const found = filterRuns(runs, request.query);
    const shown = page(request, reply, context.url, found);
    return {
      total_count: found.length,
      workflow_runs: await Promise.all(shown.map((run) => runJson(context, repository, run))),
    };
  };
  const ofRepository = (repository: Repository) =>
    state.runs.filter((run) => run.repository === repository.id);
  const jobAllowed = (request: FastifyRequest<RunParams>, level: "read" | "write") => {
    const repository = context.allowed(request, "actions", level);
    const job = findJob(state, numberIn(request.params.id));
    const run = job && findRun(state, job.run);
    if (!job || run?.repository !== repository.id) throw notFound();
    return { repository, run, job };
  };

  app.get<RunParams>(base, async (request, reply) => {
    const repository = context.allowed(request, "actions", "read");
    return list(request, reply, repository, ofRepository(repository));
  });

  app.get<RunParams>(`${actions}/workflows/:workflow/runs`, async (request, reply) => {
    const repository = context.allowed(request, "actions", "read");
    const { path } = await findWorkflow(context, repository, request.params.workflow);
    const own = ofRepository(repository).filter((run) => run.workflow.path === path);
    return list(request, reply, repository, own);
  });

  app.get<RunParams>(`${base}/:id`, async (request) => {
    const { repository, run } = runAllowed(context, request, "actions", "read");
    return runJson(context, repository, run);
  });

  const showJobs = (
    request: FastifyRequest,
    reply: Parameters<typeof page>[1],
    { repository, run }: { repository: Repository; run: Run },
    jobs: Job[],
  ) => ({
    total_count: jobs.length,
    jobs: page(request, reply, context.url, jobs).map((job) => jobJson(context, repository, run, job)),
  });
  app.get<RunParams>(`${base}/:id/jobs`, async (request, reply) => {
    const found = runAllowed(context, request, "actions", "read");
    const every = state.jobs.filter((job) => job.run === found.run.id);
    const jobs = request.query.filter === "all" ? every : jobsOf(state, found.run);
    return showJobs(request, reply, found, jobs);
  });
  app.get<RunParams>(`${base}/:id/attempts/:attempt/jobs`, async (request, reply) => {
    const found = runAllowed(context, request, "actions", "read");
    const attempt = numberIn(request.params.attempt);
    if (attempt < 1 || attempt > found.run.attempt) throw notFound();
    return showJobs(request, reply, found, jobsOf(state, found.run, attempt));
  });

  app.get<RunParams>(`${actions}/jobs/:id`, async (request) => {
    const { repository, run, job } = jobAllowed(request, "read");
    return jobJson(context, repository, run, job);
  });
  app.get<RunParams>(`${actions}/jobs/:id/logs`, async (request, reply) => {
    const { job } = jobAllowed(request, "read");
    if (!job.log) throw notFound();
    const secret = randomBytes(16).toString("hex");
    logs.set(secret, job);
    setTimeout(() => logs.delete(secret), logLifetime).unref();
    return reply.redirect(`${context.api}/_logs/${secret}`, 302);
  });
  app.get<RunParams>("/_logs/:secret", async (request, reply) => {
    const log = logs.get(request.params.secret)?.log;
    if (!log) throw notFound();
    return reply.type("text/plain; charset=utf-8").send(await readFile(log, "utf8"));
  });

  app.post<RunParams>(`${base}/:id/cancel`, async (request, reply) => {
    const { run } = runAllowed(context, request, "actions", "write");
    if (run.status === "completed")
      throw new GitHubError(409, "Cannot cancel a workflow run that is completed.");
    context.runner?.cancel(run);
    return reply.code(202).send({});
  });

  /** Begins the next attempt. What is not run again is taken over from the last one. */
  const rerun = (request: FastifyRequest, run: Run, again: (job: Job) => boolean) => {
    if (run.status !== "completed") throw new GitHubError(403, "This workflow is already running");
    const before = jobsOf(state, run);
    const kept = before.filter((job) => !again(job));
    nextAttempt(state, run, originOf(request).actor);
    for (const job of kept) state.jobs.push({ ...job, id: state.nextId(), attempt: run.attempt });
    const keys = before.filter(again).map((job) => job.key);
    context.runner?.rerun(run, kept.length ? keys : undefined);
  };
  app.post<RunParams>(`${base}/:id/rerun`, async (request, reply) => {
    rerun(request, runAllowed(context, request, "actions", "write").run, () => true);
    return reply.code(201).send({});
  });
  app.post<RunParams>(`${base}/:id/rerun-failed-jobs`, async (request, reply) => {
    const { run } = runAllowed(context, request, "actions", "write");
    rerun(request, run, (job) => job.conclusion !== "success");
    return reply.code(201).send({});
  });
  app.post<RunParams>(`${actions}/jobs/:id/rerun`, async (request, reply) => {
    const { run, job } = jobAllowed(request, "write");
    // What was skipped may have needed it.
    rerun(request, run, (other) => other.key === job.key || other.conclusion === "skipped");
    return reply.code(201).send({});
  });
}
