import { progress, tell } from "./annotations.ts";
import { describe, describeAll, headline, mostCharacters } from "./comment.ts";
import { engines } from "./engines/index.ts";
import { connect, type GitHub } from "./github.ts";
import type { Job } from "./job.ts";
import { maskOf } from "./masking.ts";
import type { Looked } from "./preview.ts";
import { addToSummary } from "./summary.ts";

/** First line of an environment's issue, by which it is found again. */
const marker = (environment: string) => `<!-- slipway drift ${environment} -->`;

/** Label by which people, and these scripts, find the issues. */
const label = "drift";

/** The open issue of an environment. One that a person wrote is none. */
async function openIssue({ rest, paginate, at }: GitHub, environment: string) {
  const issues = await paginate(rest.issues.listForRepo, {
    ...at,
    state: "open",
    labels: label,
    per_page: 100,
  });
  return issues.find(
    ({ body, user, pull_request: pull }) =>
      !pull && user?.type === "Bot" && body?.startsWith(marker(environment)),
  );
}

/**
 * Looks whether an environment still is what the branch says. If not, one issue tells, its text kept current;
 * it is closed, with a comment, once all is well again. Changes nothing in the world.
 *
 * @throws if it could not look; the issue then stays as it was.
 */
export async function drift(job: Job, { environment, engine, stack }: Looked): Promise<void> {
  const told = progress(job);
  const github = connect(job);
  const { rest, at } = github;
  const plan = await engines[engine].plan({ job, environment, stack, mask: maskOf(job.env), told });
  const about = { environment, runUrl: job.runUrl };
  await addToSummary(job, describeAll(plan, about));
  const there = await openIssue(github, environment);

  if (plan.changes.length === 0) {
    told(`${environment} is what ${job.env.GITHUB_REF_NAME ?? "the branch"} says`);
    if (!there) return;
    await rest.issues.createComment({
      ...at,
      issue_number: there.number,
      body: `**${environment}** is what the branch says again ([run](${job.runUrl})).`,
    });
    await rest.issues.update({
      ...at,
      issue_number: there.number,
      state: "closed",
      state_reason: "completed",
    });
    return told(`closed issue #${there.number}`);
  }

  const before = `${marker(environment)}
**${environment}** is not what the branch says: somebody changed it by hand, or a deploy did not go through. The next deploy would make these changes; \`deploy-${environment}.yaml\`, run by hand, makes them now.

`;
  const body = `${before}${describe(plan, about, mostCharacters - before.length)}`;
  const found = there
    ? await rest.issues.update({ ...at, issue_number: there.number, body })
    : await rest.issues.create({ ...at, title: `Drift in ${environment}`, body, labels: [label] });
  const line = `${environment} drifted: ${headline(plan, {})}; issue #${found.data.number} tells`;
  tell("warning", line, job);
  told(`issue #${found.data.number} ${there ? "updated" : "opened"}`);
}
