import * as runs from "../runs.ts";
import type { Repository } from "../state.ts";
import { contextsOf } from "./contexts.ts";
import { filledValue } from "./expressions.ts";
import { JobUnderWay, type RunOfJob, type Shared } from "./jobUnderWay.ts";
import type { Need, WorkflowFile } from "./workflowFile.ts";

/** A run of a workflow under way: its jobs, in the order of their needs. */
export class Execution implements RunOfJob {
  readonly run: runs.Run;
  readonly repository: Repository;
  readonly workflow: WorkflowFile;
  readonly commit: string;
  readonly contexts: RunOfJob["contexts"];
  private readonly shared: Shared;
  private readonly jobs = new Map<string, JobUnderWay>();
  private readonly ends = new Map<string, Promise<Need>>();
  private cancelled = false;

  constructor(shared: Shared, run: runs.Run, workflow: WorkflowFile, commit: string) {
    this.shared = shared;
    this.run = run;
    this.repository = shared.context.state.repositoryById(run.repository) as Repository;
    this.workflow = workflow;
    this.commit = commit;
    this.contexts = contextsOf(shared.context, this.repository, workflow, run, commit);
  }

  /**
   * Runs all jobs, and gives how they ended together.
   *
   * @param only keys of jobs to run; the others are as the attempt before left them. Default: all.
   */
  async all(only?: string[]): Promise<runs.Conclusion> {
    const { state } = this.shared.context;
    const kept = runs.jobsOf(state, this.run);
    const keys = Object.keys(this.workflow.jobs);
    for (const key of keys)
      if (!only || only.includes(key)) {
        const job = runs.createJob(state, this.run, { key, name: this.nameOf(key) });
        this.jobs.set(key, new JobUnderWay(this.shared, this, job));
      } else {
        const result = kept.find((job) => job.key === key)?.conclusion ?? "skipped";
        this.ends.set(key, Promise.resolve({ result, outputs: {} }));
      }
    const results = (await Promise.all(keys.map((key) => this.endOf(key)))).map(({ result }) => result);
    if (this.cancelled || results.includes("cancelled")) return "cancelled";
    if (results.includes("failure")) return "failure";
    return results.every((result) => result === "skipped") ? "skipped" : "success";
  }

  /** Ends it as a person does on GitHub. */
  cancel(): void {
    this.cancelled = true;
    for (const job of this.jobs.values()) job.cancel();
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    this.cancelled = true;
    await Promise.all([...this.jobs.values()].map((job) => job.kill()));
  }

  /** A person's word on the jobs that wait for these environments. */
  reviewed({ environments, state }: runs.Review): void {
    for (const { key, environment } of runs.waitingJobs(this.shared.context.state, this.run))
      if (environment && environments.includes(environment)) this.jobs.get(key)?.review(state === "approved");
  }

  private nameOf(key: string): string {
    const said = this.workflow.jobs[key]?.name;
    // With a matrix the name is of each of its jobs, which here are one.
    return said === undefined || /\$\{\{.*\b(matrix|needs)\b/.test(said)
      ? key
      : filledValue(said, this.contexts);
  }

  private needsOf(key: string): string[] {
    return [this.workflow.jobs[key]?.needs ?? []].flat().filter((need) => need in this.workflow.jobs);
  }

  /** All that a job comes after, however far back. */
  private before(key: string): string[] {
    return this.needsOf(key).flatMap((need) => [need, ...this.before(need)]);
  }

  private endOf(key: string): Promise<Need> {
    const end = this.ends.get(key) ?? this.startOf(key);
    this.ends.set(key, end);
    return end;
  }

  private async startOf(key: string): Promise<Need> {
    const results = async (keys: string[]) =>
      Promise.all(keys.map(async (other) => [other, await this.endOf(other)] as const));
    const needs = Object.fromEntries(await results(this.needsOf(key)));
    const before = Object.fromEntries(await results(this.before(key)));
    return (this.jobs.get(key) as JobUnderWay).end(needs, {
      always: () => true,
      cancelled: () => this.cancelled,
      success: () => !this.cancelled && Object.values(needs).every(({ result }) => result === "success"),
      failure: () => Object.values(before).some(({ result }) => result === "failure"),
    });
  }
}
