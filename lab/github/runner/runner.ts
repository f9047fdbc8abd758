import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { findEnvironment, knowEnvironment } from "../environments.ts";
import type { GitHubEvent } from "../events.ts";
import { zeros } from "../git.ts";
import { changedFiles, mergeBase } from "../merging.ts";
import { repositoryJson } from "../repositories.ts";
import * as runs from "../runs.ts";
import { secretsFor } from "../secrets.ts";
import type { Context } from "../server.ts";
import { fullName, type Repository } from "../state.ts";
import { mintJobToken, revokeToken } from "../tokens.ts";
import { userJson } from "../users.ts";
import { variablesFor } from "../variables.ts";
import { knowWorkflow } from "../workflows.ts";
import { deploymentFor } from "./deployment.ts";
import { type Contexts, filled } from "./expressions.ts";
import { type Happening, starts } from "./filters.ts";
import { type RunningJob, startJob } from "./job.ts";
import { Queue, type Ticket } from "./queue.ts";
import { jobAlone, type JobFile, tokenPermissions, type WorkflowFile, workflowsAt } from "./workflowFile.ts";

/** Where the runner has its programs and folders. */
export interface RunnerOptions {
  /** Executable of act. */
  act: string;
  /** Folder of the jobs' logs, and of what they have while they run. */
  folder: string;
  log(message: string): void;
}

/** Runs workflows as events start them: act on this machine, in the place of GitHub's runners. */
export class Runner implements runs.RunControl {
  private readonly context: Context;
  private readonly options: RunnerOptions;
  private readonly queue = new Queue();
  private readonly underWay = new Map<
    number,
    { jobs: RunningJob[]; cancelled: boolean; ticket?: Ticket; group?: string }
  >();
  private readonly approvals = new Map<number, (approved: boolean) => void>();

  constructor(context: Context, options: RunnerOptions) {
    this.context = context;
    this.options = options;
    context.runner = this;
    context.events.on(
      "event",
      (event) => void this.happened(event).catch((error: Error) => options.log(error.stack ?? error.message)),
    );
  }

  /** Starts what an event starts. */
  async happened(event: GitHubEvent): Promise<void> {
    const isDispatch = event.name === "workflow_dispatch" || event.name === "repository_dispatch";
    if ((event.byWorkflow && !isDispatch) || event.sha === zeros) return;
    const { repository } = event;
    const onDefault = ["schedule", "repository_dispatch"].includes(event.name);
    const commit = onDefault
      ? await this.context.git.commitOf(repository, `refs/heads/${repository.defaultBranch}`)
      : event.sha;
    if (!commit) return;
    const happening = await this.happening(event);
    for (const workflow of await workflowsAt(this.context, repository, commit)) {
      const wanted = event.payload.workflow;
      if (event.name === "workflow_dispatch" && typeof wanted === "string" && !wanted.endsWith(workflow.path))
        continue;
      if (starts(workflow.on, happening)) this.start(workflow, { ...event, sha: commit });
    }
  }

  private async happening({ name, action, repository, ref, sha, payload }: GitHubEvent): Promise<Happening> {
    const run = this.context.git.in(repository);
    const files = async (from: string, to: string) =>
      (await changedFiles(run, from, to)).map(({ filename }) => filename);
    if (name === "push") {
      const before = String(payload.before ?? zeros);
      const branch = /^refs\/heads\/(.+)$/.exec(ref)?.[1];
      const tag = /^refs\/tags\/(.+)$/.exec(ref)?.[1];
      return { name, branch, tag, files: before === zeros ? undefined : await files(before, sha) };
    }
    if (name === "pull_request") {
      const { base, head } = payload.pull_request as {
        base: { ref: string; sha: string };
        head: { sha: string };
      };
      const from = await mergeBase(run, base.sha, head.sha);
      return { name, action, branch: base.ref, files: from ? await files(from, head.sha) : undefined };
    }
    return { name, action };
  }

  private start(workflow: WorkflowFile, event: GitHubEvent): void {
    const { state } = this.context;
    const { repository, ref } = event;
    const known = knowWorkflow(this.context, repository, workflow.path, workflow.name);
    if (known.state !== "active") return;
    const pull = event.payload.pull_request as
      { number: number; head: { sha: string; ref: string; repo: { id: number } | null } } | undefined;
    const sender = state.user(event.actor);
    const payload = {
      ...event.payload,
      repository: repositoryJson(this.context, repository),
      ...(sender ? { sender: userJson(this.context, sender) } : {}),
      ...(event.action ? { action: event.action } : {}),
    };
    const run = runs.createRun(state, {
      repository: repository.id,
      workflow: { id: known.id, name: workflow.name, path: workflow.path },
      event: event.name,
      payload,
      ref,
      headSha: pull?.head.sha ?? event.sha,
      headBranch: pull?.head.ref ?? ref.replace(/^refs\/(heads|tags)\//, ""),
      headRepository: pull?.head.repo?.id ?? repository.id,
      actor: event.actor,
      title: this.title(workflow, event, payload),
      pullRequests: pull ? [pull.number] : [],
    });
    this.begin(run, workflow, event.sha);
  }

  /** Puts a run into its concurrency group; it runs when its turn comes. */
  private begin(run: runs.Run, workflow: WorkflowFile, commit: string, only?: string[]): void {
    const { state } = this.context;
    const contexts = this.contexts(run, commit);
    const { group, cancel } = this.concurrency(run, workflow.concurrency, contexts);
    const entry: { jobs: RunningJob[]; cancelled: boolean; ticket?: Ticket; group?: string } = {
      jobs: [],
      cancelled: false,
    };
    const end = (conclusion: runs.Conclusion) => {
      this.underWay.delete(run.id);
      runs.updateRun(state, run, { status: "completed", conclusion });
      this.queue.leave(group, ticket);
    };
    const ticket: Ticket = {
      start: () => {
        runs.updateRun(state, run, { status: "in_progress" });
        this.jobs(run, workflow, commit, entry, only).then(end, (error: Error) => {
          this.options.log(error.stack ?? error.message);
          end("failure");
        });
      },
      cancel: () => {
        if (run.status === "pending") end("cancelled");
        else this.cancel(run);
      },
    };
    Object.assign(entry, { ticket, group });
    this.underWay.set(run.id, entry);
    if (this.queue.enter(group, ticket, cancel)) runs.updateRun(state, run, { status: "pending" });
  }

  private concurrency(
    run: runs.Run,
    said: JobFile["concurrency"],
    contexts: Contexts,
  ): { group?: string; cancel: boolean } {
    if (said === undefined) return { cancel: false };
    const { group, "cancel-in-progress": cancel = false } = typeof said === "string" ? { group: said } : said;
    return { group: `${run.repository}:${filled(group, contexts)}`, cancel };
  }

  /** What expressions outside of steps may speak of. */
  private contexts(run: runs.Run, commit: string): Contexts {
    const repository = this.context.state.repositoryById(run.repository) as Repository;
    return {
      github: {
        event: run.payload,
        event_name: run.event,
        ref: run.ref,
        ref_name: run.ref.replace(/^refs\/(heads|tags|pull)\//, ""),
        head_ref: run.headBranch,
        sha: commit,
        repository: fullName(repository),
        actor: run.actor,
        workflow: run.workflow.name,
        run_id: run.id,
        run_number: run.number,
      },
      inputs: run.payload.inputs ?? {},
    };
  }

  private title(workflow: WorkflowFile, event: GitHubEvent, payload: Record<string, unknown>): string {
    const pull = payload.pull_request as { title?: string } | undefined;
    const commit = payload.head_commit as { message?: string } | undefined;
    const release = payload.release as { name?: string; tag_name?: string } | undefined;
    const fallback =
      pull?.title ?? commit?.message?.split("\n")[0] ?? (release?.name || release?.tag_name) ?? workflow.name;
    if (!workflow["run-name"]) return fallback;
    const github = {
      event: payload,
      event_name: event.name,
      ref: event.ref,
      actor: event.actor,
      sha: event.sha,
    };
    return filled(workflow["run-name"], { github, inputs: payload.inputs ?? {} }).trim() || fallback;
  }

  /** All jobs, each after those that it needs; gives how they ended together. */
  private async jobs(
    run: runs.Run,
    workflow: WorkflowFile,
    commit: string,
    entry: { jobs: RunningJob[]; cancelled: boolean },
    only?: string[],
  ): Promise<runs.Conclusion> {
    const { state } = this.context;
    const ended = new Map<string, Promise<runs.Conclusion>>();
    const names = Object.keys(workflow.jobs).filter((key) => !only || only.includes(key));
    const conclude = (key: string): Promise<runs.Conclusion> => {
      const known = ended.get(key);
      if (known) return known;
      const file = workflow.jobs[key] as JobFile;
      const job = runs.createJob(state, run, {
        key,
        name: file.name ? filled(file.name, this.contexts(run, commit)) : key,
      });
      const promise = (async () => {
        const needs = [file.needs ?? []].flat().filter((need) => names.includes(need));
        const before = await Promise.all(needs.map(conclude));
        if (before.some((conclusion) => conclusion !== "success")) return "skipped" as const;
        if (entry.cancelled) return "cancelled" as const;
        return this.job(run, job, workflow, commit, entry);
      })().then((conclusion) => {
        runs.updateJob(state, job, { status: "completed", conclusion });
        return conclusion;
      });
      ended.set(key, promise);
      return promise;
    };
    const all = await Promise.all(names.map(conclude));
    if (entry.cancelled) return "cancelled";
    if (all.includes("failure")) return "failure";
    return all.every((conclusion) => conclusion === "skipped") ? "skipped" : "success";
  }

  private async job(
    run: runs.Run,
    job: runs.Job,
    workflow: WorkflowFile,
    commit: string,
    entry: { jobs: RunningJob[]; cancelled: boolean },
  ): Promise<runs.Conclusion> {
    const { state, url, api } = this.context;
    const repository = state.repositoryById(run.repository) as Repository;
    const file = workflow.jobs[job.key] as JobFile;
    const contexts = this.contexts(run, commit);
    const said = typeof file.environment === "string" ? { name: file.environment } : file.environment;
    const environment = said && filled(said.name, contexts);
    // A job that its own condition keeps from running takes nothing and deploys nothing.
    if (typeof file.if === "string" && filled(`\${{ ${unwrapped(file.if)} }}`, contexts) === "false")
      return "skipped";
    if (environment) {
      knowEnvironment(state, repository, environment);
      runs.updateJob(state, job, { environment });
      if ((findEnvironment(state, repository, environment)?.reviewers.length ?? 0) > 0) {
        runs.updateJob(state, job, { status: "waiting" });
        runs.updateRun(state, run, { status: "waiting" });
        if (!(await new Promise<boolean>((resolve) => this.approvals.set(job.id, resolve))))
          return entry.cancelled ? "cancelled" : "failure";
        runs.updateRun(state, run, { status: "in_progress" });
      }
    }
    const isFork = run.headRepository !== run.repository;
    const permissions = tokenPermissions(file, workflow);
    const token = mintJobToken(
      state,
      repository,
      isFork ? Object.fromEntries(Object.keys(permissions).map((name) => [name, "read"])) : permissions,
    );
    const deployment =
      environment && said?.deployment !== false
        ? deploymentFor(this.context, repository, { run, job, environment, commit })
        : undefined;
    runs.updateJob(state, job, {
      status: "in_progress",
      ...(deployment ? { deployment: deployment.id } : {}),
    });
    deployment?.tell("in_progress");
    const secrets = isFork ? {} : secretsFor(state, repository, environment);
    const logs = path.join(this.options.folder, "logs");
    mkdirSync(logs, { recursive: true });
    const log = path.join(logs, `${job.id}.log`);
    writeFileSync(log, "");
    const running = startJob({
      act: this.options.act,
      folder: path.join(this.options.folder, "jobs", String(job.id)),
      clone: { url: `${url}/${fullName(repository)}.git`, token },
      commit,
      ref: run.ref,
      workflow: jobAlone(workflow, job.key),
      event: { name: run.event, payload: run.payload },
      secrets: { ...secrets, GITHUB_TOKEN: token },
      variables: isFork ? {} : variablesFor(state, repository, environment),
      env: {
        GITHUB_API_URL: api,
        GITHUB_SERVER_URL: url,
        GITHUB_GRAPHQL_URL: `${url}/api/graphql`,
        GITHUB_REPOSITORY: fullName(repository),
        GITHUB_REF: run.ref,
        SHA_REF: commit,
        GITHUB_RUN_ID: String(run.id),
        GITHUB_RUN_NUMBER: String(run.number),
        GITHUB_RUN_ATTEMPT: String(run.attempt),
      },
      actor: run.actor,
      defaultBranch: repository.defaultBranch,
      progress: (steps, added) => {
        writeFileSync(log, added, { flag: "a" });
        runs.updateJob(state, job, { steps: [...steps], log });
      },
    });
    entry.jobs.push(running);
    const { conclusion, steps } = await running.result;
    revokeToken(state, token);
    runs.updateJob(state, job, { steps, log });
    deployment?.tell(conclusion === "success" ? "success" : "failure");
    return conclusion;
  }

  cancel(run: runs.Run): void {
    const entry = this.underWay.get(run.id);
    if (!entry) return;
    entry.cancelled = true;
    if (run.status === "pending") return entry.ticket?.cancel();
    for (const job of runs.waitingJobs(this.context.state, run)) this.approvals.get(job.id)?.(false);
    for (const job of entry.jobs) job.cancel();
  }

  rerun(run: runs.Run, jobs?: string[]): void {
    void (async () => {
      const repository = this.context.state.repositoryById(run.repository) as Repository;
      const pull = run.payload.pull_request as { merge_commit_sha?: string } | undefined;
      const commit = pull?.merge_commit_sha ?? run.headSha;
      const workflow = (await workflowsAt(this.context, repository, commit)).find(
        ({ path }) => path === run.workflow.path,
      );
      if (workflow) this.begin(run, workflow, commit, jobs);
    })().catch((error: Error) => this.options.log(error.stack ?? error.message));
  }

  reviewed(run: runs.Run, review: runs.Review): void {
    for (const job of runs.waitingJobs(this.context.state, run))
      if (job.environment && review.environments.includes(job.environment))
        this.approvals.get(job.id)?.(review.state === "approved");
  }

  /** Ends everything that runs. */
  async stop(): Promise<void> {
    const all = [...this.underWay.values()].flatMap(({ jobs }) => jobs);
    for (const job of all) job.cancel();
    await Promise.all(all.map((job) => job.result));
  }
}

/** A condition without the `${{ }}` that it may have around it. */
const unwrapped = (condition: string) => /^\s*\$\{\{(.*)\}\}\s*$/s.exec(condition)?.[1] ?? condition;
