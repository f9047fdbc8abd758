import type { Conclusion, Step } from "../runs.ts";

/** One line that act prints with `--json`. */
interface Line {
  msg?: string;
  jobID?: string;
  stage?: string;
  step?: string;
  stepID?: string[];
  stepResult?: string;
  /** In nanoseconds. */
  executionTime?: number;
  raw_output?: boolean;
  jobResult?: string;
  command?: string;
  /** Of a `set-output`. */
  name?: string;
  arg?: string;
  /** Of a step's summary. */
  content?: string;
}

const noise =
  /^LocalRepositoryCache|valid docker connection|^Using docker host|^Cleaning up|(Set up|Complete) job$|^Error: Job '.*' failed$|^$/;

/** A step as a workflow file has it. */
export interface StepFile {
  id?: string;
  name?: string;
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
}

/** Name of a step, as GitHub shows one that has none of its own. */
const nameOf = ({ name, uses, run }: StepFile) =>
  name ?? `Run ${uses ?? run?.trim().split("\n")[0] ?? "step"}`;

/** What a job has printed so far, and where it is. */
export class ActLog {
  /** The job's steps, in their order, and after them what ran when they had ended. */
  readonly steps: Step[];
  /** The log as a person reads it. */
  text = "";
  /** The job's summary, in Markdown. */
  summary = "";
  /** What the steps said to be their outputs, by their ids. */
  readonly outputs: Record<string, Record<string, string>> = {};
  result: Conclusion | undefined;
  private readonly job: string;
  private readonly masks: string[];
  /** Steps by the ids that act has for them. */
  private readonly byId: Map<string, Step>;

  /**
   * @param job key of the job; lines of other jobs are left out.
   * @param secrets whose values are never written down.
   * @param files the job's steps.
   */
  constructor(job: string, secrets: string[], files: StepFile[]) {
    this.job = job;
    this.steps = files.map((file, i) => newStep(nameOf(file), i + 1));
    this.byId = new Map(this.steps.map((step, i) => [files[i]?.id ?? String(i), step]));
    this.masks = [...new Set(secrets.flatMap((secret) => [secret, ...secret.split("\n")]))]
      .filter((secret) => secret.length >= 4)
      .sort((a, b) => b.length - a.length);
  }

  private masked(text: string): string {
    return this.masks.reduce((masked, secret) => masked.replaceAll(secret, "***"), text);
  }

  /** Takes one line of act's; gives what it adds to the log. */
  take(text: string): string {
    let line: Line;
    try {
      line = JSON.parse(text) as Line;
    } catch {
      return noise.test(text) ? "" : this.write(text);
    }
    if (line.jobID !== undefined && line.jobID !== this.job) return "";
    // With a matrix, one that fails is enough.
    if (line.jobResult && this.result !== "failure")
      this.result = line.jobResult === "success" ? "success" : "failure";
    if (line.stage === "Main" || line.stage === "Post") this.step(line);
    const msg = line.msg ?? "";
    if (line.raw_output) return this.write(msg.replace(/\n$/, ""));
    if (line.command === "summary") {
      this.summary += this.masked(line.content ?? "");
      return "";
    }
    if (line.command === "set-output") {
      const of = (this.outputs[line.stepID?.[0] ?? ""] ??= {});
      of[line.name ?? ""] = line.arg ?? "";
      return "";
    }
    return noise.test(msg) ? "" : this.write(msg.replace(/\n$/, ""));
  }

  /** Adds a line of the runner's own; gives it as it is in the log. */
  write(line: string): string {
    const added = `${this.masked(line)}\n`;
    this.text += added;
    return added;
  }

  /** The job has ended: what was not begun was left out, and what was not ended was broken off. */
  end(): void {
    for (const step of this.steps.filter(({ status }) => status !== "completed"))
      Object.assign(step, { status: "completed", conclusion: step.startedAt ? "cancelled" : "skipped" });
  }

  private step({ msg, stage, stepID, stepResult, executionTime }: Line): void {
    const [id, inner] = stepID ?? [];
    const main = id === undefined ? undefined : this.byId.get(id);
    // Steps of an action of several are the action's.
    if (!main || inner !== undefined) return;
    const step = stage === "Post" ? this.postOf(id as string, main) : main;
    if (msg?.startsWith("⭐ Run"))
      // act's own times are whole seconds; how long it took, it tells in nanoseconds.
      Object.assign(step, { status: "in_progress", startedAt: new Date().toISOString() });
    if (!stepResult || !step.startedAt) return;
    const end = Date.parse(step.startedAt) + Math.round((executionTime ?? 0) / 1e6);
    Object.assign(step, {
      status: "completed",
      conclusion: stepResult as Conclusion,
      completedAt: new Date(end).toISOString(),
    });
  }

  private postOf(id: string, main: Step): Step {
    const key = `Post ${id}`;
    const step = this.byId.get(key) ?? newStep(`Post ${main.name}`, this.steps.length + 1);
    if (!this.byId.has(key)) this.steps.push(step);
    this.byId.set(key, step);
    return step;
  }
}

const newStep = (name: string, number: number): Step => ({
  name,
  number,
  status: "queued",
  conclusion: null,
  startedAt: null,
  completedAt: null,
});
