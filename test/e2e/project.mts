import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { execa, type Result } from "execa";
import { labEnvironment } from "../../lab/environment.ts";

const checkout = path.resolve(import.meta.dirname, "../..");

/** What ships: the program, its commands and the sample app, and nothing of the lab or the tests. */
const shipped = [
  "index.ts",
  "components",
  "stacks",
  "config",
  "commands",
  "app",
  "Pulumi.yaml",
  "package.json",
  "tsconfig.json",
];

export type Run = Result<{ all: true; reject: false; env: NodeJS.ProcessEnv }>;

/** A folder with the program as a user has it, and the lab's environment to run it in. */
export class Project {
  readonly folder = mkdtempSync(path.join(tmpdir(), "slipway-"));
  /** Stacks and kubeconfig of its own: another test's may have the same names. */
  private readonly state = mkdtempSync(path.join(tmpdir(), "slipway-state-"));
  readonly env: Record<string, string> = {
    ...labEnvironment(),
    PULUMI_BACKEND_URL: `file://${this.state}`,
    KUBECONFIG: path.join(this.state, "kubeconfig"),
  };

  constructor() {
    for (const name of shipped)
      cpSync(path.join(checkout, name), path.join(this.folder, name), { recursive: true });
    symlinkSync(path.join(checkout, "node_modules"), path.join(this.folder, "node_modules"));
  }

  /** Runs a program in the folder. Its failure is a result like any other. */
  run(command: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<Run> {
    return execa(command, args, {
      cwd: this.folder,
      env: { ...this.env, ...env },
      all: true,
      reject: false,
      stdin: "ignore",
    }) as unknown as Promise<Run>;
  }

  /** Runs a program that must succeed; else the test fails with everything it printed. */
  async ok(command: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
    const result = await this.run(command, args, env);
    if (result.exitCode !== 0)
      throw new Error(`${command} ${args.join(" ")} ended with ${result.exitCode}:\n${result.all}`);
    return result.stdout as string;
  }

  pulumi(...args: string[]): Promise<string> {
    return this.ok("pulumi", ["--non-interactive", ...args]);
  }

  /** Makes a stack with this configuration: plain values, structured ones, and secrets (by full path). */
  async stack(
    name: string,
    config: Record<string, unknown>,
    secrets: Record<string, string> = {},
  ): Promise<void> {
    await this.pulumi("stack", "init", name);
    for (const [key, value] of Object.entries(config)) await this.set(name, key, value);
    for (const [key, value] of Object.entries(secrets))
      await this.pulumi("config", "set", "--stack", name, "--secret", "--path", key, "--", value);
  }

  /** Sets one key of a stack; an object is set leaf by leaf. */
  async set(stack: string, key: string, value: unknown): Promise<void> {
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      for (const [name, inner] of Object.entries(value)) await this.set(stack, `${key}.${name}`, inner);
    else await this.pulumi("config", "set", "--stack", stack, "--path", key, "--", String(value));
  }

  async outputs(stack: string): Promise<Record<string, unknown>> {
    return JSON.parse(
      await this.pulumi("stack", "output", "--stack", stack, "--json", "--show-secrets"),
    ) as Record<string, unknown>;
  }

  /** Changes a file of the project. */
  edit(name: string, from: string, to: string): void {
    const file = path.join(this.folder, name);
    const text = readFileSync(file, "utf8");
    if (!text.includes(from)) throw new Error(`${name} has no ${JSON.stringify(from)}`);
    writeFileSync(file, text.replace(from, to));
  }

  remove(): void {
    for (const folder of [this.folder, this.state]) rmSync(folder, { recursive: true, force: true });
  }
}
