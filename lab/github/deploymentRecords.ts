import { knowEnvironment } from "./environments.ts";
import { loginJson } from "./issueRecords.ts";
import { apiOf, type Origin } from "./requests.ts";
import type { Context } from "./server.ts";
import { nodeId, type Repository } from "./state.ts";

/** How far a deployment is. */
export type DeploymentState =
  "error" | "failure" | "inactive" | "in_progress" | "queued" | "pending" | "success";

/** One status of a deployment; the newest counts. */
export interface DeploymentStatus {
  id: number;
  state: DeploymentState;
  description: string;
  environment: string;
  environmentUrl: string;
  logUrl: string;
  creator: string;
  createdAt: string;
}

/** A deployment of a commit to an environment. */
export interface Deployment {
  id: number;
  repository: number;
  sha: string;
  /** As it was asked for: a branch, a tag or a commit. */
  ref: string;
  task: string;
  payload: Record<string, unknown> | string;
  environment: string;
  description: string | null;
  transient: boolean;
  production: boolean;
  creator: string;
  createdAt: string;
  updatedAt: string;
  /** Oldest first. */
  statuses: DeploymentStatus[];
}

/** What a new deployment is told; the rest has GitHub's defaults. */
export type NewDeployment = Pick<Deployment, "sha" | "ref" | "environment"> & Partial<Deployment>;

/** Writes down a deployment, and tells. Its environment is made where it is not there. */
export function createDeployment(
  context: Context,
  repository: Repository,
  given: NewDeployment,
  origin: Origin,
): Deployment {
  const { state } = context;
  const now = state.timestamp();
  const deployment: Deployment = {
    task: "deploy",
    payload: {},
    description: null,
    transient: false,
    production: given.environment === "production",
    ...given,
    id: state.nextId(),
    repository: repository.id,
    creator: origin.actor,
    createdAt: now,
    updatedAt: now,
    statuses: [],
  };
  knowEnvironment(state, repository, deployment.environment);
  state.list<Deployment>("deployments").push(deployment);
  state.save();
  context.events.tell({
    ...origin,
    name: "deployment",
    repository,
    ref: deployment.ref,
    sha: deployment.sha,
    payload: { deployment: showDeployment(context, repository, deployment) },
  });
  return deployment;
}

/**
 * Adds a status to a deployment, and tells. A success makes the earlier successes of the same environment
 * inactive, unless told otherwise, as GitHub does where the environment is not a transient one.
 */
export function addDeploymentStatus(
  context: Context,
  repository: Repository,
  deployment: Deployment,
  given: Pick<DeploymentStatus, "state"> & Partial<DeploymentStatus>,
  origin: Origin,
  autoInactive = true,
): DeploymentStatus {
  const { state } = context;
  const write = (to: Deployment, from: typeof given): DeploymentStatus => {
    const status: DeploymentStatus = {
      description: "",
      environment: to.environment,
      environmentUrl: "",
      logUrl: "",
      ...from,
      id: state.nextId(),
      creator: origin.actor,
      createdAt: state.timestamp(),
    };
    to.statuses.push(status);
    to.updatedAt = status.createdAt;
    return status;
  };
  if (given.state === "success" && autoInactive)
    for (const other of state.list<Deployment>("deployments"))
      if (
        other.repository === repository.id &&
        other.environment === deployment.environment &&
        other.id !== deployment.id &&
        !other.transient &&
        other.statuses.at(-1)?.state === "success"
      )
        write(other, { state: "inactive" });
  const status = write(deployment, given);
  state.save();
  context.events.tell({
    ...origin,
    name: "deployment_status",
    repository,
    ref: deployment.ref,
    sha: deployment.sha,
    payload: {
      deployment_status: showStatus(context, repository, deployment, status),
      deployment: showDeployment(context, repository, deployment),
    },
  });
  return status;
}

/** A deployment as the API shows it. */
export function showDeployment(context: Context, repository: Repository, deployment: Deployment) {
  const { id, environment } = deployment;
  const api = apiOf(context, repository);
  const url = `${api}/deployments/${id}`;
  return {
    url,
    id,
    node_id: nodeId("Deployment", id),
    task: deployment.task,
    original_environment: environment,
    environment,
    description: deployment.description,
    created_at: deployment.createdAt,
    updated_at: deployment.updatedAt,
    statuses_url: `${url}/statuses`,
    repository_url: api,
    creator: loginJson(context, deployment.creator),
    sha: deployment.sha,
    ref: deployment.ref,
    payload: deployment.payload,
    transient_environment: deployment.transient,
    production_environment: deployment.production,
    performed_via_github_app: null,
  };
}

/** A status of a deployment as the API shows it. */
export function showStatus(
  context: Context,
  repository: Repository,
  deployment: Deployment,
  status: DeploymentStatus,
) {
  const api = apiOf(context, repository);
  const url = `${api}/deployments/${deployment.id}`;
  return {
    url: `${url}/statuses/${status.id}`,
    id: status.id,
    node_id: nodeId("DeploymentStatus", status.id),
    state: status.state,
    creator: loginJson(context, status.creator),
    description: status.description,
    environment: status.environment,
    target_url: status.logUrl,
    created_at: status.createdAt,
    updated_at: status.createdAt,
    deployment_url: url,
    repository_url: api,
    environment_url: status.environmentUrl,
    log_url: status.logUrl,
    performed_via_github_app: null,
  };
}
