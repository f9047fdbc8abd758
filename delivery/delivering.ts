import { tell, type Progress } from "./annotations.ts";
import { untilSettled } from "./commit.ts";
import { connect, type GitHub } from "./github.ts";
import { readBranch, type BranchState } from "./history.ts";
import type { Job } from "./job.ts";
import { proposalBranch, readProposals, type Proposal } from "./proposal.ts";
import { commitToBranch, propose, type Wish } from "./propose.ts";
import { releaseFile, type EngineName } from "./releaseFile.ts";
import { addToSummary } from "./summary.ts";

/** How a change reaches the main branch. */
export type Delivery = "pullRequest" | "branch";

/** How the pipeline is set up, and where a change goes. */
export interface Target {
  environment: string;
  /** Its stack. */
  stack: string;
  engine: EngineName;
  delivery: Delivery;
  /** The config repository's main branch. */
  branch: string;
}

/** What there is when a change is decided. */
export interface Situation {
  state: BranchState;
  open: Proposal | undefined;
  declined: Proposal[];
}

/** A wish, or why there is none. */
export type Answer = { wish: Wish } | { why: string };

/**
 * Reads an environment, lets `decide` say what to do, and does it: a commit on the branch, or one pull
 * request. If the branch moves in between, all of it is done again. Then starts what GitHub starts by itself
 * for people only: the deploy, or the preview of the pull request.
 */
export async function deliver(
  job: Job,
  target: Target,
  decide: (situation: Situation) => Promise<Answer> | Answer,
  told: Progress,
): Promise<void> {
  const { environment, engine, delivery, branch, stack } = target;
  const github = connect(job);
  const file = releaseFile(engine, environment, stack);
  const outcome = await untilSettled(async () => {
    told(`reading ${file.path} on ${branch}, and its pull requests`);
    const [state, proposals] = await Promise.all([
      readBranch(job, branch, file),
      readProposals(github, environment, file),
    ]);
    const answer = await decide({ state, ...proposals });
    if ("why" in answer) return answer;
    const { wish } = answer;
    if (delivery === "branch") {
      const sha = await commitToBranch(github, branch, file, state, wish);
      return { wish, commit: sha };
    }
    return { wish, proposed: await propose(github, branch, file, state, wish, proposals.open) };
  }, told);

  if ("why" in outcome) {
    tell("notice", outcome.why, job);
    await addToSummary(job, `### ${environment}: nothing done\n\n${outcome.why}`);
    return;
  }
  const { wish, commit, proposed } = outcome;
  const heading = `### ${wish.title}\n\n${wish.body}\n\n`;
  if (proposed) {
    const { pull, url, outcome: what } = proposed;
    await addToSummary(job, `${heading}[#${pull}](${url}), ${what}`);
    told(`${wish.title}: pull request #${pull} ${what} (${url})`);
    if (what === "unchanged") return;
    await start(github, told, `preview-${environment}.yaml`, proposalBranch(environment), {
      pull: String(pull),
    });
  } else {
    const url = `${job.server}/${job.owner}/${job.repo}/commit/${commit}`;
    await addToSummary(job, `${heading}[${commit.slice(0, 7)}](${url}) on ${branch}`);
    told(`${wish.title}: commit ${commit.slice(0, 7)} on ${branch}`);
    await start(github, told, `deploy-${environment}.yaml`, branch);
  }
}

/** Starts a workflow, which what a job's token does never starts by itself. */
async function start(
  { rest, at }: GitHub,
  told: Progress,
  workflow: string,
  ref: string,
  inputs: Record<string, string> = {},
): Promise<void> {
  try {
    await rest.actions.createWorkflowDispatch({ ...at, workflow_id: workflow, ref, inputs });
  } catch (error) {
    throw new Error(
      `the change is made, but ${workflow} did not start (${(error as Error).message}); run it by hand on ${ref}`,
      { cause: error },
    );
  }
  told(`started ${workflow} on ${ref}`);
}
