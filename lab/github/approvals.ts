import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { showDeployment, type Deployment } from "./deploymentRecords.ts";
import { environmentSummary, findEnvironment, reviewersJson } from "./environments.ts";
import { unprocessable } from "./errors.ts";
import { loginJson } from "./issueRecords.ts";
import { actorOf, readBody } from "./requests.ts";
import { runAllowed } from "./runRoutes.ts";
import { waitingJobs, type Review, type Run } from "./runs.ts";
import type { Context } from "./server.ts";
import type { Repository } from "./state.ts";

const reviewSchema = z.object({
  environment_ids: z.array(z.number().int()).min(1),
  state: z.enum(["approved", "rejected"]),
  comment: z.string(),
});

interface RunParams {
  Params: { owner: string; repo: string; id: string };
}

/** Jobs that wait for a person, and the person's answer. */
export function approvalRoutes(app: FastifyInstance, context: Context): void {
  const { state } = context;
  const base = "/repos/:owner/:repo/actions/runs/:id";

  /** The environments that jobs of the run wait for, each with when the first of them began to. */
  const pending = (repository: Repository, run: Run) => {
    const waiting = new Map<string, string | null>();
    for (const { environment, waitingSince } of waitingJobs(state, run))
      if (environment && !waiting.has(environment)) waiting.set(environment, waitingSince ?? null);
    return [...waiting].flatMap(([name, since]) => {
      const environment = findEnvironment(state, repository, name);
      return environment ? [{ environment, since }] : [];
    });
  };

  app.get<RunParams>(`${base}/pending_deployments`, async (request) => {
    const { repository, run } = runAllowed(context, request, "actions", "read");
    const me = request.actor?.user.id;
    return pending(repository, run).map(({ environment, since }) => {
      const {
        created_at: _,
        updated_at: __,
        ...shown
      } = environmentSummary(context, repository, environment);
      return {
        environment: shown,
        wait_timer: environment.waitTimer,
        wait_timer_started_at: environment.waitTimer ? since : null,
        current_user_can_approve: me !== undefined && environment.reviewers.includes(me),
        reviewers: reviewersJson(context, environment),
      };
    });
  });

  app.post<RunParams>(`${base}/pending_deployments`, async (request) => {
    const { repository, run } = runAllowed(context, request, "deployments", "write");
    const given = readBody(reviewSchema, request);
    const { user } = actorOf(request);
    const waiting = pending(repository, run).map(({ environment }) => environment);
    const chosen = given.environment_ids.map((id) => {
      const environment = waiting.find((one) => one.id === id);
      if (!environment) throw unprocessable(`No pending deployment to environment ${id}`);
      const self = environment.preventSelfReview && user.login === run.actor;
      if (!environment.reviewers.includes(user.id) || self)
        throw unprocessable(`${user.login} is not allowed to review deployments to ${environment.name}`);
      return environment.name;
    });
    const review: Review = {
      run: run.id,
      environments: chosen,
      state: given.state,
      user: user.login,
      comment: given.comment,
    };
    const numbers = waitingJobs(state, run)
      .filter((job) => job.environment && chosen.includes(job.environment))
      .map((job) => job.deployment);
    state.reviews.push(review);
    state.save();
    context.runner?.reviewed(run, review);
    return state
      .list<Deployment>("deployments")
      .filter((deployment) => numbers.includes(deployment.id))
      .map((deployment) => showDeployment(context, repository, deployment));
  });

  app.get<RunParams>(`${base}/approvals`, async (request) => {
    const { repository, run } = runAllowed(context, request, "actions", "read");
    return state.reviews
      .filter((review) => review.run === run.id)
      .map(({ environments, state: answer, user, comment }) => ({
        environments: environments.flatMap((name) => {
          const environment = findEnvironment(state, repository, name);
          return environment ? [environmentSummary(context, repository, environment)] : [];
        }),
        state: answer,
        user: loginJson(context, user),
        comment,
      }));
  });
}
