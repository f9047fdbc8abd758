import { Document, isMap, isScalar, type Node, type Pair, visit } from "yaml";

/** The part of GitHub's workflow syntax that the pipeline uses. Names are GitHub's own. */
export interface Workflow {
  name: string;
  /** What a run is called in GitHub's list. */
  "run-name"?: string;
  on: Record<string, unknown>;
  /** Of every job that names none: none. */
  permissions: Record<string, never>;
  concurrency?: { group: string; "cancel-in-progress": boolean };
  jobs: Record<string, Job>;
}

export interface Job {
  name?: string;
  if?: string;
  "runs-on": "ubuntu-latest";
  /** GitHub's default is 360. */
  "timeout-minutes": number;
  environment?: { name: string; deployment?: false };
  permissions: Record<string, "read" | "write">;
  env?: Record<string, string>;
  steps: Step[];
}

export interface Step {
  name: string;
  id?: string;
  if?: string;
  uses?: string;
  with?: Record<string, string | number | boolean>;
  env?: Record<string, string>;
  run?: string;
}

/** GitHub's expression `${{ … }}`. */
export const expression = (text: string) => `\${{ ${text} }}`;

const marker = "# Written by Slipway";

/** Whether a file in a repository is one of Slipway's own. */
export const writtenBySlipway = (text: string): boolean => text.startsWith(marker);

/** `owner/action@commit` and the version that the commit is, which a person can read. */
export interface Pinned {
  action: string;
  commit: string;
  version: string;
}

/** The one action of somebody else's: a checkout with credentials that end with the job. */
export const checkout: Pinned = {
  action: "actions/checkout",
  commit: "de0fac2e4500dabe0009e67214ff5f5447ce83dd",
  version: "v6.0.2",
};

/** The checkout step. The token is not left in the job's folder: what runs there can't push with it. */
export const checkoutStep = (history: "all" | "last" = "last"): Step => ({
  name: "Check out",
  uses: `${checkout.action}@${checkout.commit}`,
  with: { ...(history === "all" ? { "fetch-depth": 0 } : {}), "persist-credentials": false },
});

/** A workflow file. `stack` wrote it, and is where it is changed. `about` says what it is for. */
export function print(workflow: Workflow, stack: string, about: string): string {
  const document = new Document(workflow, { aliasDuplicateObjects: false });
  document.commentBefore = ` Written by Slipway (pulumi up on the stack ${stack}); change that stack's configuration instead.\n ${about}`;
  const spaced = new Set(["on", "permissions", "concurrency", "jobs", "steps"]);
  visit(document, {
    Pair(_, pair: Pair, ancestors) {
      const key = isScalar(pair.key) ? String(pair.key.value) : "";
      // `on`, `permissions`, `concurrency` and `jobs` at the top, and each job after the first.
      const top = ancestors.length === 2;
      const parent = ancestors.at(-1) as Node;
      const job = ancestors.length === 4 && isMap(parent) && parent.items[0] !== pair;
      if ((top && spaced.has(key)) || (job && isJobs(ancestors.at(-2))))
        (pair.key as Node).spaceBefore = true;
      if (key === "uses" && isScalar(pair.value)) pair.value.comment = ` ${checkout.version}`;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

const isJobs = (pair: unknown) => {
  const key = (pair as Pair | undefined)?.key;
  return isScalar(key) && key.value === "jobs";
};
