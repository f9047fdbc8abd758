import { progress, tell } from "./annotations.ts";
import { describeAll, headline } from "./comment.ts";
import { EngineFailure } from "./engines/failure.ts";
import type { Place } from "./engines/engine.ts";
import { engines } from "./engines/index.ts";
import { connect, type GitHub } from "./github.ts";
import type { Job } from "./job.ts";
import { fenced } from "./markdown.ts";
import { maskOf } from "./masking.ts";
import { compare, nameOf, type Plan } from "./plan.ts";
import { checkedOutRelease, releaseOn, type Looked } from "./preview.ts";
import { formatRelease } from "./release.ts";
import { releaseFile } from "./releaseFile.ts";
import { reviewOf } from "./review.ts";
import { deployContext, setStatus, wasDeployed } from "./statuses.ts";
import { addToSummary } from "./summary.ts";

/** The plan is not the one that somebody agreed to. `details` is markdown. */
class PlanChanged extends Error {
  readonly details: string;
  constructor(message: string, details: string) {
    super(message);
    this.details = details;
  }
}

/** Says what is applied, and by whose leave; fails with `PlanChanged` if nobody has seen it. */
async function agreed(github: GitHub, place: Place, makePlan: () => Promise<Plan>): Promise<string> {
  const { job, environment } = place;
  const about = { environment, runUrl: job.runUrl };
  const wayOn = (plan: Plan) =>
    `to apply it, run deploy-${environment}.yaml by hand with plan ${nameOf(plan)}`;
  const named = (job.env.PLAN ?? "").trim();
  if (named) {
    const plan = await makePlan();
    if (nameOf(plan) === named) return `Plan ${named}, as asked for by hand: ${headline(plan, {})}`;
    throw new PlanChanged(
      `the plan is ${nameOf(plan)} now, and not ${named}; nothing is applied; ${wayOn(plan)}`,
      describeAll(plan, about),
    );
  }
  if (await wasDeployed(github, job.sha, environment))
    return "This commit was deployed before: whatever differs from it since is mended";
  const review = await reviewOf(github, job.sha, environment);
  if (!review) return "No plan was reviewed: no pull request brought this commit";
  if (!review.name) return `No plan was reviewed: no preview of ${environment} went well in #${review.pull}`;
  const plan = await makePlan();
  if (nameOf(plan) === review.name)
    return `Plan ${review.name}, reviewed in #${review.pull}: ${headline(plan, {})}`;
  const { more, less } = review.plan ? compare(review.plan, plan) : { more: plan, less: undefined };
  if (less && more.changes.length === 0)
    return `A part of plan ${review.name}, reviewed in #${review.pull}: ${headline(plan, {})}; the rest is done already`;
  throw new PlanChanged(
    `the plan changed since it was reviewed in #${review.pull} (${review.name}, now ${nameOf(plan)}); nothing is applied; ${wayOn(plan)}`,
    [
      "Not reviewed:",
      describeAll(more, about),
      ...(less && less.changes.length > 0
        ? ["Reviewed, and no longer to be done:", describeAll(less, about)]
        : []),
    ].join("\n\n"),
  );
}

/**
 * Makes an environment what this commit says, waits for the rollout, and sees that the release answers. What
 * a pull request was reviewed for is what is applied: a plan with anything else in it is not, unless PLAN
 * names it. The commit's status tells the outcome.
 *
 * @throws if the plan changed, or anything failed, after having told.
 */
export async function deploy(job: Job, { environment, engine, stack }: Looked): Promise<void> {
  const told = progress(job);
  const github = connect(job);
  const mask = maskOf(job.env);
  const place: Place = { job, environment, stack, mask, told };
  const status = (state: "pending" | "success" | "failure" | "error", line: string) =>
    setStatus(github, job.sha, deployContext(environment), state, line, job.runUrl);
  const file = releaseFile(engine, environment, stack);
  const { apply, plan, verify } = engines[engine];
  await status("pending", "deploying");
  try {
    const release = await checkedOutRelease(job, file);
    const branch = job.env.GITHUB_REF_NAME;
    const now = branch ? await releaseOn(github, branch, file) : release;
    if (release && now && formatRelease(release) !== formatRelease(now)) {
      const line = `not applied: ${branch} has ${now.tag} by now, and its own deploy brings that`;
      tell("notice", `${release.tag}: ${line}`, job);
      await status("error", line);
      return await addToSummary(job, `### ${environment}: ${line}`);
    }
    const leave = await agreed(github, place, () => plan(place));
    told(leave);
    await apply(place);
    await verify(place);
    const line = `${release ? release.tag : "it"} runs and answers`;
    told(line);
    await status("success", line);
    await addToSummary(job, `### ${environment}: ${line}\n\n${leave}.`);
  } catch (error) {
    const reasons = mask(error instanceof EngineFailure ? error.reasons : (error as Error).message);
    const what = mask((error as Error).message.split("\n")[0] ?? "");
    const details = error instanceof PlanChanged ? error.details : fenced(reasons);
    await addToSummary(job, `### ${environment}: ${what}\n\n${details}`);
    await status("failure", error instanceof EngineFailure ? `${what} ${reasons}` : what);
    throw error;
  }
}
