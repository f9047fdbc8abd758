import type { FastifyInstance } from "fastify";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { GitHubError, notFound } from "../errors.ts";
import { readBody } from "../requests.ts";
import { findJob } from "../runs.ts";
import type { Context } from "../server.ts";
import { summaryOf } from "./jobUnderWay.ts";
import type { Runner } from "./runner.ts";

const scheduleSchema = z.object({
  /** `owner/name` */
  repository: z.string(),
  /** Only workflows that have this schedule; default: all that have any. */
  cron: z.string().optional(),
});

/**
 * What only the lab and its tests ask of the runner: `POST /lab/schedule` is the clock, which the lab does
 * not have; `GET /lab/jobs/ID/summary` is what GitHub shows on a run's page only.
 */
export function runnerRoutes(app: FastifyInstance, context: Context, runner: Runner): void {
  app.post("/lab/schedule", async (request) => {
    const { repository: wanted, cron } = readBody(scheduleSchema, request);
    const [owner = "", name = ""] = wanted.split("/");
    const repository = context.state.repository(owner, name);
    if (!repository) throw new GitHubError(404, `The lab's GitHub has no repository ${wanted}`);
    const ref = `refs/heads/${repository.defaultBranch}`;
    const sha = await context.git.commitOf(repository, ref);
    const event = { name: "schedule", repository, ref, actor: repository.owner, byWorkflow: false };
    const started = sha
      ? await runner.happened({ ...event, sha, payload: cron === undefined ? {} : { schedule: cron } })
      : [];
    return { runs: started.map(({ id }) => id) };
  });

  app.get<{ Params: { id: string } }>("/lab/jobs/:id/summary", async ({ params }, reply) => {
    const job = findJob(context.state, Number(params.id));
    const file = job && summaryOf(job);
    if (!file) throw notFound();
    return reply.type("text/markdown; charset=utf-8").send(await readFile(file, "utf8"));
  });
}
