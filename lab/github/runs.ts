/** Runs of workflows and their jobs: what is kept of them. The runner writes here; the API reads. */

/** Where a run or a job is in its life. `waiting`: for a person's approval. `pending`: for its concurrency group. */
export type RunStatus = "queued" | "in_progress" | "completed" | "waiting" | "pending";

/** How a run or a job ended. */
export type Conclusion =
  "success" | "failure" | "neutral" | "cancelled" | "skipped" | "timed_out" | "action_required";

/** One run of a workflow. A rerun is the same run with the next attempt. */
export interface Run {
  id: number;
  /** Id of the repository that it runs in. */
  repository: number;
  workflow: { id: number; name: string; path: string };
  /** Counts the runs of this workflow, from 1. */
  number: number;
  /** From 1. */
  attempt: number;
  /** Name of the event: `release`, `workflow_dispatch`, … */
  event: string;
  /** The event's payload, as the workflow sees it in `github.event`. */
  payload: Record<string, unknown>;
  /** `GITHUB_REF` of the run: `refs/heads/main`, `refs/tags/v1`, `refs/pull/3/merge`. */
  ref: string;
  headSha: string;
  /** Name of the branch or tag. */
  headBranch: string | null;
  /** Id of the repository that the commit comes from; a fork's for a pull request of a fork. */
  headRepository: number;
  /** Login of the user that raised the event, and of the one that started this attempt. */
  actor: string;
  triggeringActor: string;
  title: string;
  /** Numbers of the pull requests that the run is for. */
  pullRequests: number[];
  status: RunStatus;
  conclusion: Conclusion | null;
  /** Times in ISO 8601; `startedAt` is this attempt's. */
  createdAt: string;
  updatedAt: string;
  startedAt: string;
}

/** One step of a job. */
export interface Step {
  name: string;
  /** From 1. */
  number: number;
  status: "queued" | "in_progress" | "completed";
  conclusion: Conclusion | null;
  startedAt: string | null;
  completedAt: string | null;
}

/** One job of one attempt of a run. */
export interface Job {
  id: number;
  run: number;
  attempt: number;
  /** Its key in the workflow file. */
  key: string;
  name: string;
  labels: string[];
  /** Name of the environment that the job deploys to, or takes its secrets from. */
  environment?: string;
  /** Id of the deployment that GitHub made for it. */
  deployment?: number;
  /** When it began to wait for an approval. */
  waitingSince?: string;
  status: RunStatus;
  conclusion: Conclusion | null;
  createdAt: string;
  startedAt: string | null;
  completedAt: string | null;
  steps: Step[];
  /** File with the job's log, once there is one. */
  log?: string;
}

/** A person's answer to a job that waited. */
export interface Review {
  run: number;
  environments: string[];
  state: "approved" | "rejected";
  user: string;
  comment: string;
}

/** What the store needs of the emulator's state. */
export interface RunStore {
  runs: Run[];
  jobs: Job[];
  reviews: Review[];
  /** A number that nothing else has. */
  nextId(): number;
  /** Now, as the API writes it. */
  timestamp(): string;
  /** Keeps what was changed. */
  save(): void;
}

/** What a new run is told; the store adds the rest. */
export type NewRun = Pick<
  Run,
  | "repository"
  | "workflow"
  | "event"
  | "payload"
  | "ref"
  | "headSha"
  | "headBranch"
  | "headRepository"
  | "actor"
  | "title"
> &
  Partial<Pick<Run, "pullRequests" | "status">>;

/** Writes down a new run, `queued` unless told otherwise. */
export function createRun(store: RunStore, spec: NewRun): Run {
  const before = store.runs.filter(
    (run) => run.repository === spec.repository && run.workflow.id === spec.workflow.id,
  );
  const now = store.timestamp();
  const run: Run = {
    pullRequests: [],
    status: "queued",
    ...spec,
    id: store.nextId(),
    number: before.length + 1,
    attempt: 1,
    triggeringActor: spec.actor,
    conclusion: null,
    createdAt: now,
    updatedAt: now,
    startedAt: now,
  };
  store.runs.push(run);
  store.save();
  return run;
}

/** The run of this id, or undefined. */
export const findRun = (store: RunStore, id: number) => store.runs.find((run) => run.id === id);
/** The job of this id, or undefined. */
export const findJob = (store: RunStore, id: number) => store.jobs.find((job) => job.id === id);

/** The jobs of a run's attempt, in the order of their making; default: the last attempt. */
export const jobsOf = (store: RunStore, run: Run, attempt = run.attempt) =>
  store.jobs.filter((job) => job.run === run.id && job.attempt === attempt);

/** Changes a run. A run that is `completed` must have a conclusion; any other has none. */
export function updateRun(
  store: RunStore,
  run: Run,
  change: Partial<Pick<Run, "status" | "conclusion">>,
): Run {
  Object.assign(run, change, { updatedAt: store.timestamp() });
  if (run.status !== "completed") run.conclusion = null;
  store.save();
  return run;
}

/** Begins the next attempt of a run that has ended: queued, without jobs yet. */
export function nextAttempt(store: RunStore, run: Run, triggeringActor: string): Run {
  run.attempt += 1;
  run.triggeringActor = triggeringActor;
  run.startedAt = store.timestamp();
  return updateRun(store, run, { status: "queued" });
}

/** Writes down a job of the run's present attempt, `queued` unless told otherwise. */
export function createJob(
  store: RunStore,
  run: Run,
  spec: Pick<Job, "key" | "name"> & Partial<Pick<Job, "labels" | "environment" | "status">>,
): Job {
  const job: Job = {
    labels: ["ubuntu-latest"],
    status: "queued",
    ...spec,
    id: store.nextId(),
    run: run.id,
    attempt: run.attempt,
    conclusion: null,
    createdAt: store.timestamp(),
    startedAt: null,
    completedAt: null,
    steps: [],
  };
  store.jobs.push(job);
  store.save();
  return job;
}

/** Changes a job, and notes when it waits, starts and ends. */
export function updateJob(
  store: RunStore,
  job: Job,
  change: Partial<Pick<Job, "status" | "conclusion" | "steps" | "log" | "environment" | "deployment">>,
): Job {
  Object.assign(job, change);
  const now = store.timestamp();
  if (job.status === "waiting") job.waitingSince ??= now;
  if (job.status === "in_progress") job.startedAt ??= now;
  if (job.status === "completed") job.completedAt ??= now;
  store.save();
  return job;
}

/** Jobs of the run's present attempt that wait for an approval. */
export const waitingJobs = (store: RunStore, run: Run) =>
  jobsOf(store, run).filter((job) => job.status === "waiting" && job.environment);

/** What the API asks of whoever runs the jobs. Each answers at once; what follows shows in the store. */
export interface RunControl {
  /** Ends the jobs of a run that has not ended. */
  cancel(run: Run): void;
  /** Runs again; `nextAttempt` was called already. `jobs`: keys of those to run, default all. */
  rerun(run: Run, jobs?: string[]): void;
  /** A person approved or rejected the deployment to these environments, for which jobs of the run wait. */
  reviewed(run: Run, review: Review): void;
}
