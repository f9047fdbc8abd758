import { addDeploymentStatus, createDeployment, type DeploymentState } from "../deploymentRecords.ts";
import type { Job, Run } from "../runs.ts";
import { htmlOf } from "../requests.ts";
import type { Context } from "../server.ts";
import type { Repository } from "../state.ts";

/** A deployment that GitHub makes for a job with an environment. */
export interface JobDeployment {
  id: number;
  tell(state: DeploymentState): void;
}

/** Makes the deployment of a job. What it tells starts no workflow: GitHub's own doing starts none. */
export function deploymentFor(
  context: Context,
  repository: Repository,
  { run, job, environment, commit }: { run: Run; job: Job; environment: string; commit: string },
): JobDeployment {
  const origin = { actor: run.actor, byWorkflow: true };
  const ref = run.ref.replace(/^refs\/(heads|tags)\//, "");
  const deployment = createDeployment(context, repository, { sha: commit, ref, environment }, origin);
  const url = `${htmlOf(context, repository)}/actions/runs/${run.id}/job/${job.id}`;
  return {
    id: deployment.id,
    tell: (state) =>
      void addDeploymentStatus(context, repository, deployment, { state, logUrl: url }, origin),
  };
}
