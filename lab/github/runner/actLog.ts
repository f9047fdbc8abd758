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

/** What a job has printed so far, and where it is. */
export class ActLog {
  readonly steps: Step[] = [];
  /** The log as a person reads it. */
  text = "";
  /** The job's summary, in Markdown. */
  summary = "";
  /** What the steps said to be their outputs, by their ids. */
  readonly outputs: Record<string, Record<string, string>> = {};
  result: Conclusion | undefined;
  private readonly job: string;
  private readonly masks: string[];

  /**
   * @param job key of the job; lines of other jobs are left out.
   * @param secrets whose values are never written down.
   */
  constructor(job: string, secrets: string[]) {
    this.job = job;
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

  private step({ msg, stage, step, stepID, stepResult, executionTime }: Line): void {
    const name = this.masked((stage === "Post" ? `Post ${step}` : (step ?? "step")).split("\n")[0] as string);
    // Two steps may have one name, and an action's own steps are its.
    if ((stepID?.length ?? 1) > 1) return;
    const open = this.steps.find((one) => one.name === name && one.status !== "completed");
    if (!open && msg?.startsWith("⭐ Run"))
      this.steps.push({
        name,
        number: this.steps.length + 1,
        status: "in_progress",
        conclusion: null,
        // act's own times are whole seconds; how long it took, it tells in nanoseconds.
        startedAt: new Date().toISOString(),
        completedAt: null,
      });
    if (!open || !stepResult) return;
    const end = Date.parse(open.startedAt as string) + Math.round((executionTime ?? 0) / 1e6);
    Object.assign(open, {
      status: "completed",
      conclusion: stepResult as Conclusion,
      completedAt: new Date(end).toISOString(),
    });
  }
}
