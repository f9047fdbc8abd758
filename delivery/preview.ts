import { readFile } from "node:fs/promises";
import path from "node:path";
import { progress } from "./annotations.ts";
import { describeAll, failureComment, headline, planComment, type About } from "./comment.ts";
import { EngineFailure } from "./engines/failure.ts";
import { engines } from "./engines/index.ts";
import { connect, textAt, type GitHub } from "./github.ts";
import { eventPull, pullNumber, type Job } from "./job.ts";
import { code } from "./markdown.ts";
import { maskOf } from "./masking.ts";
import { nameOf } from "./plan.ts";
import type { Release } from "./release.ts";
import { releaseFile, type EngineName, type ReleaseFile } from "./releaseFile.ts";
import { findComment } from "./review.ts";
import { planEnd, previewContext, setStatus } from "./statuses.ts";
import { addToSummary } from "./summary.ts";

/** An environment that is looked at or deployed. */
export interface Looked {
  environment: string;
  engine: EngineName;
  /** Its stack: name, or organization/name. */
  stack: string;
}

/** The release that the checkout names. */
export async function checkedOutRelease(job: Job, file: ReleaseFile): Promise<Release | undefined> {
  const text = await readFile(path.join(job.folder, file.path), "utf8").catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT")
        throw new Error(`there is no ${file.path} in this commit`, { cause: error });
      throw error;
    },
  );
  return file.read(text);
}

/** The release that a branch names now. */
export async function releaseOn(
  github: GitHub,
  ref: string,
  file: ReleaseFile,
): Promise<Release | undefined> {
  const text = await textAt(github, file.path, ref);
  return text === undefined ? undefined : file.read(text);
}

/** What a reader must know who sees a branch that is not what the merge will make of it. */
async function remarks({ rest, at }: GitHub, job: Job, base: string, head: string): Promise<string[]> {
  // A pull request's own event checks out the merge; anything else the branch.
  if (eventPull(job)) return [];
  const { data } = await rest.repos.compareCommitsWithBasehead({ ...at, basehead: `${base}...${head}` });
  const behind = data.behind_by;
  return behind === 0
    ? []
    : [
        `> [!NOTE]\n> This branch lacks ${behind === 1 ? "the last commit" : `the last ${behind} commits`} of ${code(base)}: what they brought may be shown here as undone. Update the branch to see it as it will be.`,
      ];
}

/**
 * Tells in one comment of a pull request what it would change in an environment, and sets the status that
 * names the plan. A preview that fails tells why there.
 *
 * @throws if the preview failed, after having told.
 */
export async function preview(job: Job, { environment, engine, stack }: Looked): Promise<void> {
  const told = progress(job);
  const github = connect(job);
  const { rest, at } = github;
  const mask = maskOf(job.env);
  const number = pullNumber(job);
  const { data: pull } = await rest.pulls.get({ ...at, pull_number: number });
  const head = eventPull(job)?.head.sha ?? job.sha;
  if (head !== pull.head.sha)
    throw new Error(
      `this is a preview of ${head.slice(0, 7)}, and #${number} is at ${pull.head.sha.slice(0, 7)}; run it on branch ${pull.head.ref}`,
    );
  const context = previewContext(environment);
  await setStatus(github, head, context, "pending", "looking what would change", job.runUrl);

  const file = releaseFile(engine, environment, stack);
  const about: About = { environment, runUrl: job.runUrl };
  const comment = async (body: string) => {
    const there = await findComment(github, number, environment);
    if (there) await rest.issues.updateComment({ ...at, comment_id: there.id, body });
    else await rest.issues.createComment({ ...at, issue_number: number, body });
    told(`comment on #${number} ${there ? "updated" : "written"}`);
  };
  try {
    about.after = await checkedOutRelease(job, file);
    about.before = await releaseOn(github, pull.base.ref, file);
    about.notes = await remarks(github, job, pull.base.ref, head);
    const plan = await engines[engine].plan({ job, environment, stack, mask, told });
    await addToSummary(job, describeAll(plan, about));
    await comment(planComment(plan, about));
    const line = headline(plan, about);
    await setStatus(github, head, context, "success", line, job.runUrl, planEnd(nameOf(plan)));
    told(line);
  } catch (error) {
    const reasons = mask(error instanceof EngineFailure ? error.reasons : (error as Error).message);
    const body = failureComment(reasons, about);
    await addToSummary(job, body);
    await comment(body);
    await setStatus(github, head, context, "failure", reasons, job.runUrl);
    throw error;
  }
}
