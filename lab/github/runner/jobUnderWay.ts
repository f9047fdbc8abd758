import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { findEnvironment, knowEnvironment, mayDeployFrom } from "../environments.ts";
import { permissionsOf } from "../permissions.ts";
import * as runs from "../runs.ts";
import { secretsFor } from "../secrets.ts";
import type { Context } from "../server.ts";
import { fullName, type Repository } from "../state.ts";
import { mintJobToken, revokeToken } from "../tokens.ts";
import { variablesFor } from "../variables.ts";
import { shortRef } from "./contexts.ts";
import { deploymentFor, type JobDeployment } from "./deployment.ts";
import { type Contexts, filled, filledValue, holds, type StatusFunctions } from "./expressions.ts";
import { type RunningJob, startJob } from "./job.ts";
import { trackingIds } from "./leftovers.ts";
import { concurrencyOf, type Queue, type Ticket } from "./queue.ts";
import { jobAlone, type JobFile, type Need, tokenPermissions, type WorkflowFile } from "./workflowFile.ts";

/** What all runs share. */
export interface Shared {
  context: Context;
  queue: Queue;
  /** Executable of act. */
  act: string;
  /** Folder of the jobs' logs, and of what they have while they run. */
  folder: string;
}

/** The run that a job is of. */
export interface RunOfJob {
  run: runs.Run;
  repository: Repository;
  workflow: WorkflowFile;
  /** The commit that is checked out: for a pull request its merge commit. */
  commit: string;
  contexts: Contexts;
}

/** File with a job's summary; undefined if its steps wrote none. */
export function summaryOf({ log }: runs.Job): string | undefined {
  const file = log?.replace(/\.log$/, ".summary.md");
  return file !== undefined && existsSync(file) ? file : undefined;
}

const ended = (result: runs.Conclusion, outputs: Record<string, string> = {}): Need => ({ result, outputs });

/** A job from the moment that those which it needs have ended. */
export class JobUnderWay {
  readonly job: runs.Job;
  private readonly shared: Shared;
  private readonly of: RunOfJob;
  private readonly file: JobFile;
  private cancelled = false;
  private goOn: ((may: boolean) => void) | undefined;
  private running: RunningJob | undefined;

  constructor(shared: Shared, of: RunOfJob, job: runs.Job) {
    this.shared = shared;
    this.of = of;
    this.job = job;
    this.file = of.workflow.jobs[job.key] as JobFile;
  }

  cancel(): void {
    this.cancelled = true;
    this.goOn?.(false);
    this.running?.cancel();
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    this.cancelled = true;
    this.goOn?.(false);
    await this.running?.kill();
  }

  /** A person's word, for which it waits. */
  review(approved: boolean): void {
    this.goOn?.(approved);
  }

  /** Runs it, once its condition, its environment and its concurrency group let it. */
  async end(needs: Record<string, Need>, status: StatusFunctions): Promise<Need> {
    const { state } = this.shared.context;
    let end: Need;
    try {
      end = await this.admitted(needs, status);
    } catch (error) {
      this.say(`The job could not be started: ${(error as Error).message}`);
      end = ended("failure");
    }
    runs.updateJob(state, this.job, { status: "completed", conclusion: end.result });
    return end;
  }

  private async admitted(needs: Record<string, Need>, status: StatusFunctions): Promise<Need> {
    const { context } = this.shared;
    const { repository, run, commit } = this.of;
    const contexts = { ...this.of.contexts, needs };
    // A job that its own condition keeps from running takes nothing and deploys nothing.
    if (!holds(this.file.if, contexts, status)) return ended(status.cancelled() ? "cancelled" : "skipped");

    const said =
      typeof this.file.environment === "string" ? { name: this.file.environment } : this.file.environment;
    const name = said && filled(said.name, contexts);
    const environment = name ? knowEnvironment(context.state, repository, name).name : undefined;
    runs.updateJob(context.state, this.job, { environment });
    const refusal = environment && this.refusal(environment);
    if (refusal) {
      this.say(refusal);
      return ended("failure");
    }
    const deploys = environment !== undefined && said?.deployment !== false;
    const deployment = deploys
      ? deploymentFor(context, repository, { run, job: this.job, environment, commit })
      : undefined;
    runs.updateJob(context.state, this.job, { deployment: deployment?.id });
    const end = await this.inTurn(environment, needs, contexts, deployment);
    deployment?.tell(end.result === "success" ? "success" : "failure");
    return end;
  }

  /** Why the environment takes no job of this ref, in GitHub's words; undefined if it does. */
  private refusal(name: string): string | undefined {
    const { repository, run } = this.of;
    const environment = findEnvironment(this.shared.context.state, repository, name);
    if (!environment || mayDeployFrom(environment, run.ref)) return undefined;
    const kind = run.ref.startsWith("refs/tags/") ? "Tag" : "Branch";
    return `${kind} "${shortRef(run.ref)}" is not allowed to deploy to ${name} due to environment protection rules.`;
  }

  /** Waits for a person and for its turn, whichever it has to wait for, and then runs. */
  private async inTurn(
    environment: string | undefined,
    needs: Record<string, Need>,
    contexts: Contexts,
    deployment: JobDeployment | undefined,
  ): Promise<Need> {
    if (environment && !(await this.approved(environment)))
      return ended(this.cancelled ? "cancelled" : "failure");
    const { queue } = this.shared;
    const { group, cancel } = concurrencyOf(this.of.run, this.file.concurrency, contexts);
    const ticket: Ticket = { start: () => this.goOn?.(true), cancel: () => this.cancel() };
    const answer = this.answer();
    if (queue.enter(group, ticket, cancel))
      runs.updateJob(this.shared.context.state, this.job, { status: "pending" });
    try {
      if (!(await answer)) return ended("cancelled");
      deployment?.tell("in_progress");
      return await this.run(environment, needs, contexts);
    } finally {
      queue.leave(group, ticket);
    }
  }

  /** Whether it may go on, once somebody or something has said so. */
  private answer(): Promise<boolean> {
    if (this.cancelled) return Promise.resolve(false);
    return new Promise((resolve) => (this.goOn = resolve));
  }

  /** Waits for a person where the environment asks for one; gives whether the job may run. */
  private async approved(name: string): Promise<boolean> {
    const { state } = this.shared.context;
    const { repository, run } = this.of;
    if (!findEnvironment(state, repository, name)?.reviewers.length) return true;
    const answer = this.answer();
    runs.updateJob(state, this.job, { status: "waiting" });
    runs.updateRun(state, run, { status: "waiting" });
    const approved = await answer;
    runs.updateJob(state, this.job, { status: "queued" });
    if (runs.waitingJobs(state, run).length === 0) runs.updateRun(state, run, { status: "in_progress" });
    return approved;
  }

  /** Adds a line of the runner's own to the job's log. */
  private say(line: string): void {
    const log = this.keptFile("log");
    writeFileSync(log, `${line}\n`, { flag: "a" });
    runs.updateJob(this.shared.context.state, this.job, { log });
  }

  private keptFile(ending: string): string {
    const logs = path.join(this.shared.folder, "logs");
    mkdirSync(logs, { recursive: true });
    return path.join(logs, `${this.job.id}.${ending}`);
  }

  private async run(
    environment: string | undefined,
    needs: Record<string, Need>,
    contexts: Contexts,
  ): Promise<Need> {
    const { act, folder, context } = this.shared;
    const { state, url, api } = context;
    const { run, repository, workflow, commit } = this.of;
    const { job, file } = this;
    const isFork = run.headRepository !== run.repository;
    const may = tokenPermissions(file, workflow, permissionsOf(state, repository).defaultWorkflowPermissions);
    const reading = Object.fromEntries(Object.keys(may).map((name) => [name, "read" as const]));
    const token = mintJobToken(state, repository, isFork ? reading : may);
    const log = this.keptFile("log");
    writeFileSync(log, "");
    runs.updateJob(state, job, { status: "in_progress", log });
    this.running = startJob({
      act,
      folder: path.join(folder, "jobs", String(job.id)),
      trackingId: `${trackingIds(folder)}${job.id}:`,
      key: job.key,
      checkout: { url: `${url}/${fullName(repository)}.git`, token, commit, ref: run.ref },
      workflow: jobAlone(workflow, job.key, needs),
      steps: file.steps ?? [],
      event: { name: run.event, payload: run.payload },
      // Whoever opens a pull request from a fork could change what runs here.
      secrets: { ...(isFork ? {} : secretsFor(state, repository, environment)), GITHUB_TOKEN: token },
      variables: isFork ? {} : variablesFor(state, repository, environment),
      env: {
        GITHUB_API_URL: api,
        GITHUB_SERVER_URL: url,
        GITHUB_GRAPHQL_URL: `${url}/api/graphql`,
        GITHUB_REPOSITORY: fullName(repository),
        GITHUB_REPOSITORY_ID: String(repository.id),
        GITHUB_REF: run.ref,
        SHA_REF: commit, // By this act tells GITHUB_SHA.
        GITHUB_WORKFLOW_REF: `${fullName(repository)}/${run.workflow.path}@${run.ref}`,
        GITHUB_WORKFLOW_SHA: commit,
        GITHUB_TRIGGERING_ACTOR: run.triggeringActor,
        GITHUB_RUN_ID: String(run.id),
        GITHUB_RUN_NUMBER: String(run.number),
        GITHUB_RUN_ATTEMPT: String(run.attempt),
      },
      actor: run.actor,
      defaultBranch: repository.defaultBranch,
      timeoutMinutes: Number(filledValue(file["timeout-minutes"] ?? 360, contexts)),
      progress: (steps, added) => {
        writeFileSync(log, added, { flag: "a" });
        runs.updateJob(state, job, { steps: [...steps] });
      },
    });
    this.running.gone.catch((error: Error) => this.say(`The job's folder is left: ${error.message}`));
    if (this.cancelled) this.running.cancel();
    const { conclusion, steps, summary, outputs } = await this.running.result;
    revokeToken(state, token);
    runs.updateJob(state, job, { steps });
    if (summary) writeFileSync(this.keptFile("summary.md"), summary);
    const put = Object.fromEntries(Object.entries(outputs).map(([id, values]) => [id, { outputs: values }]));
    return ended(
      conclusion,
      Object.fromEntries(
        Object.entries(file.outputs ?? {}).map(([name, value]) => [
          name,
          filledValue(value, { ...contexts, steps: put }),
        ]),
      ),
    );
  }
}
