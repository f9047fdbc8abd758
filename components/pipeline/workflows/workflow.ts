import { Document, isMap, isPair, isScalar, type Node, Scalar, visit } from "yaml";

/**
 * The part of GitHub's workflow syntax that Slipway's workflows use. Keys are written in the order given.
 * https://docs.github.com/actions/reference/workflows-and-actions/workflow-syntax
 */
export interface Workflow {
  /** What it is for: the file's second line. */
  about: string;
  name: string;
  /** What the list of runs shows; by default what GitHub takes from the event, such as the commit's message. */
  "run-name"?: string;
  on: Triggers;
  /** Nothing: each job says what it needs. */
  permissions: Record<string, never>;
  concurrency?: Concurrency;
  /** `bash` with `-e` and `-o pipefail`. */
  defaults: { run: { shell: "bash" } };
  jobs: Record<string, Job>;
}

/** The events that start a workflow. */
export interface Triggers {
  release?: { types: "published"[] };
  push?: { branches: string[]; paths?: string[] };
  pull_request?: { branches: string[]; paths?: string[] };
  workflow_dispatch?: Dispatch;
  schedule?: { cron: string }[];
}

/** By hand, or by whoever may write Actions. */
export interface Dispatch {
  inputs?: Record<string, Input>;
}

/** A field of the form that starts a workflow by hand. */
export interface Input {
  description: string;
  type: "string" | "boolean" | "choice";
  required?: boolean;
  default?: boolean;
  options?: string[];
}

export interface Concurrency {
  group: string;
  "cancel-in-progress": boolean;
}

/** What a job's GITHUB_TOKEN may do in its own repository; nothing else. */
export type Permissions = Partial<
  Record<"actions" | "contents" | "issues" | "pull-requests" | "statuses", "read" | "write">
>;

export interface Job {
  name: string;
  if?: string;
  "runs-on": "ubuntu-latest";
  "timeout-minutes": number;
  /** Whose secrets and variables it gets; without `deployment: false`, GitHub records a deployment. */
  environment?: string | { name: string; deployment: false };
  permissions: Permissions;
  env?: Env;
  steps: Step[];
}

export type Env = Record<string, string>;

export type Step = UsesStep | RunStep;

export interface UsesStep {
  name?: string;
  id?: string;
  uses: string;
  with?: Record<string, string | number | boolean>;
}

export interface RunStep {
  name: string;
  id?: string;
  if?: string;
  env?: Env;
  run: string;
}

const beginning = "# Written by Slipway";

/** Whether a file's text is one that this program wrote, and may therefore write again. */
export const writtenBySlipway = (text: string): boolean => text.startsWith(beginning);

/**
 * A value with a comment, which goes above a step and above the first line of any other map or list, and
 * beside a text. Several lines only above.
 */
export function explained<T extends string | object>(value: T, comment: string): T {
  const node = new Document(value).contents as unknown as Node;
  const text = comment.replaceAll(/^/gm, " ");
  if (isScalar(node)) node.comment = text;
  else node.commentBefore = text;
  return node as unknown as T;
}

/** The lines of a script. */
export const script = (...lines: string[]): string => `${lines.join("\n")}\n`;

const flowWidth = 60;

/** Blank lines between the file's sections, between jobs and between steps; short lists on one line. */
function layOut(document: Document): void {
  visit(document, {
    Map(_key, map, path) {
      const parent = path.at(-1);
      // The file itself, and the jobs: their names stand apart.
      const sections = path.length === 1 || (isPair(parent) && (parent.key as Scalar).value === "jobs");
      const [, ...later] = map.items;
      if (sections) for (const { key } of later) (key as Scalar).spaceBefore = true;
      // A file's name and run-name stay together.
      if (path.length === 1)
        for (const { key } of later)
          if ((key as Scalar).value === "run-name") (key as Scalar).spaceBefore = false;
    },
    Seq(_key, list) {
      if (list.items.every(isScalar)) {
        const width = list.items.map(({ value }) => `${String(value)}, `).join("").length;
        list.flow = width <= flowWidth;
      } else
        for (const [at, item] of list.items.entries()) if (at > 0 && isMap(item)) item.spaceBefore = true;
    },
    Scalar(_key, scalar) {
      if (typeof scalar.value === "string" && scalar.value.includes("\n")) scalar.type = Scalar.BLOCK_LITERAL;
    },
  });
}

/**
 * Text of a workflow file.
 *
 * @param stack the stack that wires the pipeline, as the first line names it.
 */
export function workflowText({ about, ...workflow }: Workflow, stack: string): string {
  const document = new Document(workflow, { aliasDuplicateObjects: false });
  layOut(document);
  const text = document.toString({ lineWidth: 0, flowCollectionPadding: false });
  return `${beginning} (pulumi up on the stack ${stack}); edit the stack's configuration instead.\n# ${about}\n${text}`;
}
