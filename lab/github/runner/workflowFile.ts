import { parse } from "yaml";
import type { Conclusion } from "../runs.ts";
import type { StepFile } from "./actLog.ts";
import type { Context } from "../server.ts";
import type { Permissions, Repository } from "../state.ts";

/** A job as a workflow file has it; what only act reads stays unread. */
export interface JobFile {
  name?: string;
  needs?: string | string[];
  environment?: string | { name: string; deployment?: boolean };
  permissions?: Record<string, "read" | "write" | "none"> | "read-all" | "write-all";
  concurrency?: string | { group: string; "cancel-in-progress"?: boolean | string };
  /** Values of outputs: expressions of what the steps put out. */
  outputs?: Record<string, string>;
  "timeout-minutes"?: number | string;
  steps?: StepFile[];
  [key: string]: unknown;
}

/** A workflow file. */
export interface WorkflowFile {
  /** Path in the repository. */
  path: string;
  name: string;
  "run-name"?: string;
  on: unknown;
  permissions?: JobFile["permissions"];
  concurrency?: JobFile["concurrency"];
  jobs: Record<string, JobFile>;
  /** All of it, as it was read. */
  whole: Record<string, unknown>;
}

const folder = ".github/workflows/";

/** The workflow files of a commit. One that can't be read starts nothing. */
export async function workflowsAt(
  { git }: Context,
  repository: Repository,
  commit: string,
): Promise<WorkflowFile[]> {
  const listed = await git.in(repository)(["ls-tree", "-z", "--name-only", commit, folder]);
  const paths = listed.split("\0").filter((path) => /\.ya?ml$/.test(path));
  const files = await Promise.all(
    paths.map(async (path) => {
      const text = (await git.file(repository, commit, path))?.toString("utf8") ?? "";
      try {
        return readWorkflow(path, text);
      } catch {
        return undefined;
      }
    }),
  );
  return files.filter((file) => file !== undefined);
}

/** Reads one workflow file. Fails for what is no workflow. */
export function readWorkflow(path: string, text: string): WorkflowFile {
  const whole = parse(text) as Record<string, unknown> | null;
  if (!whole || typeof whole.jobs !== "object" || whole.jobs === null) throw new Error(`${path} has no jobs`);
  const {
    name = path,
    "run-name": runName,
    on,
    permissions,
    concurrency,
    jobs,
  } = whole as unknown as WorkflowFile;
  return { path, name, "run-name": runName, on, permissions, concurrency, jobs, whole };
}

/** Permissions that `read-all` and `write-all` speak of, as far as the lab's GitHub knows them. */
const everyPermission = [
  "actions",
  "checks",
  "contents",
  "deployments",
  "issues",
  "packages",
  "pull_requests",
  "statuses",
];

/**
 * What a job's GITHUB_TOKEN may do.
 *
 * @param unsaid what the repository gives where the file does not say: to read content and packages, or
 *   to write everything.
 */
export function tokenPermissions(
  job: JobFile,
  workflow: WorkflowFile,
  unsaid: "read" | "write" = "read",
): Permissions {
  const fallback = unsaid === "write" ? "write-all" : ({ contents: "read", packages: "read" } as const);
  const said = job.permissions ?? workflow.permissions ?? fallback;
  if (typeof said === "string") {
    const level = said === "write-all" ? "write" : "read";
    return Object.fromEntries(everyPermission.map((name) => [name, level]));
  }
  return Object.fromEntries(
    Object.entries(said).flatMap(([name, level]) =>
      level === "none" ? [] : [[name.replaceAll("-", "_"), level]],
    ),
  ) as Permissions;
}

/** How a job ended that others need, as `needs` has it. */
export interface Need {
  result: Conclusion;
  outputs: Record<string, string>;
}

/** A job that does nothing but end like one that ran before, so that act knows of it. */
const endedLike = ({ result, outputs }: Need) => ({
  "runs-on": "ubuntu-latest",
  // What a step put out is text, whatever it looks like.
  outputs: Object.fromEntries(
    Object.entries(outputs).map(([name, value]) => [name, `\${{ '${value.replaceAll("'", "''")}' }}`]),
  ),
  ...(result === "skipped" ? { if: false } : {}),
  steps: [{ run: result === "failure" ? "exit 1" : ":" }],
});

/**
 * The job alone, as act takes it: without what the lab sees to itself, and act does not know. Jobs that it
 * needs are there, as far as it speaks of them.
 */
export function jobAlone(
  workflow: WorkflowFile,
  key: string,
  needs: Record<string, Need> = {},
): Record<string, unknown> {
  const {
    environment: _environment,
    needs: _needs,
    concurrency: _own,
    permissions: _may,
    if: _condition,
    outputs: _outputs,
    ...job
  } = workflow.jobs[key] as JobFile;
  const { concurrency: _group, permissions: _all, ...whole } = workflow.whole;
  const named = Object.keys(needs);
  if (named.length === 0 || !/\bneeds\b/.test(JSON.stringify(job))) return { ...whole, jobs: { [key]: job } };
  const before = Object.entries(needs).map(([name, need]) => [name, endedLike(need)] as const);
  return {
    ...whole,
    jobs: { ...Object.fromEntries(before), [key]: { ...job, needs: named, if: "always()" } },
  };
}
