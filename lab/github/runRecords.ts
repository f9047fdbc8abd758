/** Runs and jobs as the API shows them. */
import { commitAt } from "./commits.ts";
import { findIssue, isPull, loginJson } from "./issueRecords.ts";
import { repositoryJson } from "./repositories.ts";
import { apiOf, htmlOf } from "./requests.ts";
import type { Job, Run } from "./runs.ts";
import type { Context } from "./server.ts";
import { nodeId, type Repository } from "./state.ts";

async function headCommit(context: Context, repository: Repository, sha: string) {
  // A run outlives its commit where a branch was pushed by force and the objects are gone.
  const there = await context.git.commitOf(repository, sha);
  if (!there) return null;
  const { tree, message, author, committer } = await commitAt(context, repository, sha);
  const who = ({ name, email }: typeof author) => ({ name, email });
  return {
    id: sha,
    tree_id: tree,
    message,
    timestamp: committer.date,
    author: who(author),
    committer: who(committer),
  };
}

/** A pull request as a run shows it ("Pull Request Minimal"). */
function pullsJson(context: Context, repository: Repository, run: Run) {
  const side = (branch: string, sha: string, id: number | null) => {
    const of = context.state.repositoryById(id ?? repository.id) ?? repository;
    return { ref: branch, sha, repo: { id: of.id, url: apiOf(context, of), name: of.name } };
  };
  return run.pullRequests
    .map((number) => findIssue(context.state, repository, number))
    .filter((issue) => issue !== undefined)
    .filter(isPull)
    .map(({ number, pull: { id, head, base } }) => ({
      id,
      number,
      url: `${apiOf(context, repository)}/pulls/${number}`,
      head: side(head.branch, head.sha, head.repository),
      base: side(base.branch, base.sha, base.repository),
    }));
}

/** A run as the API shows it ("Workflow Run"). */
export async function runJson(context: Context, repository: Repository, run: Run) {
  const url = `${apiOf(context, repository)}/actions/runs/${run.id}`;
  const head = context.state.repositoryById(run.headRepository) ?? repository;
  const suite = `${apiOf(context, repository)}/check-suites/${run.id}`;
  return {
    id: run.id,
    name: run.workflow.name,
    node_id: nodeId("WorkflowRun", run.id),
    head_branch: run.headBranch,
    head_sha: run.headSha,
    path: run.workflow.path,
    display_title: run.title,
    run_number: run.number,
    event: run.event,
    status: run.status,
    conclusion: run.conclusion,
    workflow_id: run.workflow.id,
    check_suite_id: run.id,
    check_suite_node_id: nodeId("CheckSuite", run.id),
    url,
    html_url: `${htmlOf(context, repository)}/actions/runs/${run.id}`,
    pull_requests: pullsJson(context, repository, run),
    created_at: run.createdAt,
    updated_at: run.updatedAt,
    actor: loginJson(context, run.actor) ?? undefined,
    run_attempt: run.attempt,
    referenced_workflows: [],
    run_started_at: run.startedAt,
    triggering_actor: loginJson(context, run.triggeringActor) ?? undefined,
    jobs_url: `${url}/jobs`,
    logs_url: `${url}/logs`,
    check_suite_url: suite,
    artifacts_url: `${url}/artifacts`,
    cancel_url: `${url}/cancel`,
    rerun_url: `${url}/rerun`,
    previous_attempt_url: run.attempt > 1 ? `${url}/attempts/${run.attempt - 1}` : null,
    workflow_url: `${apiOf(context, repository)}/actions/workflows/${run.workflow.id}`,
    head_commit: await headCommit(context, repository, run.headSha),
    repository: repositoryJson(context, repository),
    head_repository: repositoryJson(context, head),
  };
}

/** A job as the API shows it ("Job"). */
export function jobJson(context: Context, repository: Repository, run: Run, job: Job) {
  const api = apiOf(context, repository);
  const ran = job.startedAt !== null;
  return {
    id: job.id,
    run_id: run.id,
    workflow_name: run.workflow.name,
    head_branch: run.headBranch,
    run_url: `${api}/actions/runs/${run.id}`,
    run_attempt: job.attempt,
    node_id: nodeId("CheckRun", job.id),
    head_sha: run.headSha,
    url: `${api}/actions/jobs/${job.id}`,
    html_url: `${htmlOf(context, repository)}/actions/runs/${run.id}/job/${job.id}`,
    status: job.status,
    conclusion: job.conclusion,
    created_at: job.createdAt,
    // GitHub has no null here: a job that has not started shows when it was made.
    started_at: job.startedAt ?? job.createdAt,
    completed_at: job.completedAt,
    name: job.name,
    steps: job.steps.map((step) => ({
      name: step.name,
      status: step.status,
      conclusion: step.conclusion,
      number: step.number,
      started_at: step.startedAt,
      completed_at: step.completedAt,
    })),
    check_run_url: `${api}/check-runs/${job.id}`,
    labels: job.labels,
    runner_id: ran ? 1 : null,
    runner_name: ran ? "act" : null,
    runner_group_id: ran ? 1 : null,
    runner_group_name: ran ? "Default" : null,
  };
}
