import { parse } from "yaml";
import type { Context } from "../server.ts";
import type { Permissions, Repository } from "../state.ts";

/** A job as a workflow file has it; what only act reads stays unread. */
export interface JobFile {
  name?: string;
  needs?: string | string[];
  environment?: string | { name: string; deployment?: boolean };
  permissions?: Record<string, "read" | "write" | "none"> | "read-all" | "write-all";
  concurrency?: string | { group: string; "cancel-in-progress"?: boolean };
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

/** What a job's GITHUB_TOKEN may do. Without a word about it: read the repository's content. */
export function tokenPermissions(job: JobFile, workflow: WorkflowFile): Permissions {
  const said = job.permissions ?? workflow.permissions ?? { contents: "read" };
  if (typeof said === "string") {
    const level = said === "write-all" ? "write" : "read";
    const all = [
      "actions",
      "checks",
      "contents",
      "deployments",
      "issues",
      "packages",
      "pull_requests",
      "statuses",
    ];
    return Object.fromEntries(all.map((name) => [name, level]));
  }
  return Object.fromEntries(
    Object.entries(said).flatMap(([name, level]) =>
      level === "none" ? [] : [[name.replaceAll("-", "_"), level]],
    ),
  ) as Permissions;
}

/** The job alone, as act takes it: without what the lab sees to itself, and act does not know. */
export function jobAlone(workflow: WorkflowFile, key: string): Record<string, unknown> {
  const {
    environment: _environment,
    needs: _needs,
    concurrency: _own,
    permissions: _may,
    ...job
  } = workflow.jobs[key] as JobFile;
  const { concurrency: _group, permissions: _all, ...whole } = workflow.whole;
  return { ...whole, jobs: { [key]: job } };
}
