import { rmSync } from "node:fs";
import path from "node:path";
import type { GitHubEvent } from "../events.ts";
import * as runs from "../runs.ts";
import type { Context } from "../server.ts";
import type { Repository } from "../state.ts";
import { knowWorkflow } from "../workflows.ts";
import { contextsOf, payloadOf, shortRef, titleOf } from "./contexts.ts";
import { Execution } from "./execution.ts";
import type { Shared } from "./jobUnderWay.ts";
import { endProcesses, trackingIds } from "./leftovers.ts";
import { concurrencyOf, Queue, type Ticket } from "./queue.ts";
import { startedBy } from "./triggers.ts";
import { type WorkflowFile, workflowsAt } from "./workflowFile.ts";

/** Where the runner has its programs and folders. */
export interface RunnerOptions extends Pick<Shared, "act" | "folder"> {
  log(message: string): void;
}

/** Runs workflows as events start them: act on this machine, in the place of GitHub's runners. */
export class Runner implements runs.RunControl {
  private readonly shared: Shared;
  private readonly log: RunnerOptions["log"];
  private readonly underWay = new Map<number, { ticket: Ticket; execution: Execution }>();
  private stopping = false;

  /** What was under way when the lab last ended is cancelled. */
  constructor(context: Context, options: RunnerOptions) {
    this.shared = { context, queue: new Queue(), act: options.act, folder: options.folder };
    this.log = options.log;
    context.runner = this;
    this.forget();
    context.events.on("event", (event) => this.unlessFails(() => this.happened(event)));
  }

  /** Starts what an event starts; gives the runs. */
  async happened(event: GitHubEvent): Promise<runs.Run[]> {
    if (this.stopping) return [];
    const { workflows, commit } = await startedBy(this.shared.context, event);
    return workflows.flatMap((workflow) => this.start(workflow, { ...event, sha: commit }));
  }

  cancel(run: runs.Run): void {
    this.underWay.get(run.id)?.ticket.cancel();
  }

  rerun(run: runs.Run, jobs?: string[]): void {
    this.unlessFails(async () => {
      const { context } = this.shared;
      const repository = context.state.repositoryById(run.repository) as Repository;
      const pull = run.payload.pull_request as { merge_commit_sha?: string } | undefined;
      const commit = pull?.merge_commit_sha ?? run.headSha;
      const files = await workflowsAt(context, repository, commit);
      const workflow = files.find((file) => file.path === run.workflow.path);
      if (workflow) this.begin(run, workflow, commit, jobs);
    });
  }

  reviewed(run: runs.Run, review: runs.Review): void {
    this.underWay.get(run.id)?.execution.reviewed(review);
  }

  /** Ends everything that runs, and starts nothing any more. */
  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all([...this.underWay.values()].map(({ execution }) => execution.kill()));
    await endProcesses(trackingIds(this.shared.folder), 0);
  }

  private start(workflow: WorkflowFile, event: GitHubEvent): runs.Run[] {
    const { context } = this.shared;
    const { repository, ref, sha } = event;
    const known = knowWorkflow(context, repository, workflow.path, workflow.name);
    if (known.state !== "active") return [];
    const pull = event.payload.pull_request as
      { number: number; head: { sha: string; ref: string; repo: { id: number } | null } } | undefined;
    const about = {
      workflow: { id: known.id, name: workflow.name, path: workflow.path },
      event: event.name,
      payload: payloadOf(context, event),
      ref,
      actor: event.actor,
    };
    const run = runs.createRun(context.state, {
      ...about,
      repository: repository.id,
      headSha: pull?.head.sha ?? sha,
      headBranch: pull?.head.ref ?? shortRef(ref),
      // A fork that is gone is still none of ours.
      headRepository: pull ? (pull.head.repo?.id ?? 0) : repository.id,
      title: titleOf(workflow, about.payload, () => contextsOf(context, repository, workflow, about, sha)),
      pullRequests: pull ? [pull.number] : [],
    });
    this.begin(run, workflow, sha);
    return [run];
  }

  /** Puts a run into its concurrency group; it runs when its turn comes. */
  private begin(run: runs.Run, workflow: WorkflowFile, commit: string, only?: string[]): void {
    const { context, queue } = this.shared;
    const execution = new Execution(this.shared, run, workflow, commit);
    let group: string | undefined;
    const end = (conclusion: runs.Conclusion) => {
      this.underWay.delete(run.id);
      runs.updateRun(context.state, run, { status: "completed", conclusion });
      queue.leave(group, ticket);
    };
    const fail = (error: Error) => {
      this.log(`${workflow.path}: ${error.message}`);
      end("failure");
    };
    const ticket: Ticket = {
      start: () => {
        runs.updateRun(context.state, run, { status: "in_progress" });
        execution.all(only).then(end, fail);
      },
      cancel: () => (run.status === "pending" ? end("cancelled") : execution.cancel()),
    };
    this.underWay.set(run.id, { ticket, execution });
    try {
      const concurrency = concurrencyOf(run, workflow.concurrency, execution.contexts);
      group = concurrency.group;
      if (queue.enter(group, ticket, concurrency.cancel))
        runs.updateRun(context.state, run, { status: "pending" });
    } catch (error) {
      fail(error as Error);
    }
  }

  /** Ends what a runner that was killed has left. */
  private forget(): void {
    const { context, folder } = this.shared;
    const { state } = context;
    for (const run of state.runs.filter(({ status }) => status !== "completed"))
      runs.updateRun(state, run, { status: "completed", conclusion: "cancelled" });
    for (const job of state.jobs.filter(({ status }) => status !== "completed"))
      runs.updateJob(state, job, { status: "completed", conclusion: "cancelled" });
    rmSync(path.join(folder, "jobs"), { recursive: true, force: true });
    this.unlessFails(() => endProcesses(trackingIds(folder), 0));
  }

  /** What fails here is the lab's own fault: it is told in its log, and the lab goes on. */
  private unlessFails(action: () => Promise<unknown>): void {
    action().catch((error: Error) => this.log(error.stack ?? error.message));
  }
}
