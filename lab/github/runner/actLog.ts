import type { Conclusion, Step } from "../runs.ts";

/** One line that act prints with `--json`. */
interface Line {
  msg?: string;
  level?: string;
  time?: string;
  stage?: string;
  step?: string;
  stepID?: string[];
  stepResult?: string;
  executionTime?: number;
  raw_output?: boolean;
  jobResult?: string;
  command?: string;
  content?: string;
}

/** What a job has printed so far, and where it is. */
export class ActLog {
  readonly steps: Step[] = [];
  /** The log as a person reads it. */
  text = "";
  result: Conclusion | undefined;
  private readonly masks: string[];

  /** @param secrets whose values are never written down. */
  constructor(secrets: string[]) {
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
      return this.write(text);
    }
    if (line.jobResult) this.result = line.jobResult === "success" ? "success" : "failure";
    if (line.stage === "Main" || line.stage === "Post") this.step(line);
    if (line.raw_output) return this.write((line.msg ?? "").replace(/\n$/, ""));
    const isNoise = /^LocalRepositoryCache|valid docker connection|^Cleaning up/.test(line.msg ?? "");
    if (isNoise || line.command === "set-output") return "";
    return this.write(line.msg ?? "");
  }

  private write(line: string): string {
    const added = `${this.masked(line)}\n`;
    this.text += added;
    return added;
  }

  private step({ stage, step, stepResult, time, executionTime }: Line): void {
    const name = stage === "Post" ? `Post ${step}` : (step ?? "step");
    const found = this.steps.find((one) => one.name === name);
    const at = time ?? new Date().toISOString();
    if (!found)
      this.steps.push({
        name,
        number: this.steps.length + 1,
        status: "in_progress",
        conclusion: null,
        startedAt: at,
        completedAt: null,
      });
    if (!stepResult) return;
    const current = found ?? (this.steps.at(-1) as Step);
    // act's own times are whole seconds; how long it took, it tells in nanoseconds.
    const end = new Date(Date.parse(current.startedAt ?? at) + (executionTime ?? 0) / 1e6).toISOString();
    Object.assign(current, { status: "completed", conclusion: stepResult as Conclusion, completedAt: end });
  }
}
