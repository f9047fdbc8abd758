import type { Environment, PipelineOptions } from "../options";
import { type Env, explained, type Input, type Job, type Step, type UsesStep } from "./workflow";

/**
 * The actions that come from elsewhere, each at the commit of a release: what a command can't do. A newer
 * release is a change of both texts (https://github.com/actions/checkout, https://github.com/actions/cache).
 */
const actions = {
  checkout: explained("actions/checkout@df4cb1c069e1874edd31b4311f1884172cec0e10", "v6.0.3"),
  cache: explained("actions/cache@27d5ce7f107fe9357f9df03efb73ab90386fccae", "v5.0.5"),
};

/** Checks the repository out, leaving no token behind; `history` takes all commits instead of the last. */
export const checkout = (history = false): UsesStep => ({
  uses: actions.checkout,
  with: { ...(history ? { "fetch-depth": 0 } : {}), "persist-credentials": false },
});

/** Every script runs in this shell, which stops at the first command that fails, in a pipe as well. */
export const defaults = { run: { shell: "bash" } } as const;

const npmCi = (workspaces: string) => `npm ci --omit=dev ${workspaces} --ignore-scripts --no-audit --no-fund`;

/**
 * Installs what the job runs: the program that a stack is, or only what talks to GitHub (a second's work).
 * Not the lab, and no package's own script runs. The program's packages, the CLI and its plugins are kept
 * for the next run: they are most of a deploy's time.
 */
function install({ engine }: PipelineOptions, runsPulumi: boolean): Step[] {
  if (engine !== "pulumi" || !runsPulumi)
    return [{ name: "Install the scripts", run: npmCi("--workspace delivery") }];
  const folders = ["node_modules", "~/.pulumi/versions", "~/.pulumi/plugins"];
  return [
    {
      name: "Look for packages of an earlier run",
      id: "packages",
      uses: actions.cache,
      with: {
        path: `${folders.join("\n")}\n`,
        key: "packages-${{ runner.os }}-${{ runner.arch }}-${{ hashFiles('package-lock.json') }}",
      },
    },
    {
      name: "Install the program",
      if: "steps.packages.outputs.cache-hit != 'true'",
      run: npmCi("--workspace delivery --include-workspace-root"),
    },
  ];
}

/** What a job of the config repository differs in. */
export interface Task {
  /** A condition other than being on the config repository's branch. */
  if?: string;
  minutes: number;
  permissions: Job["permissions"];
  environment?: Job["environment"];
  /** Takes all commits: whoever decides about a release reads which ones there were. */
  history?: boolean;
  /** Runs Pulumi, where that is the engine. */
  runsPulumi?: boolean;
  /** Environment variables beside GITHUB_TOKEN. */
  env: Env;
  /** Arguments of `delivery/cli.ts`. */
  command: string[];
}

/** A job of the config repository: checks it out, installs, runs one command of `delivery/`. */
export function job(name: string, pipeline: PipelineOptions, task: Task): Job {
  return {
    name,
    if: task.if ?? `github.ref == 'refs/heads/${pipeline.config.branch}'`,
    "runs-on": "ubuntu-latest",
    "timeout-minutes": task.minutes,
    ...(task.environment ? { environment: task.environment } : {}),
    permissions: task.permissions,
    steps: [
      checkout(task.history),
      ...install(pipeline, task.runsPulumi ?? false),
      {
        name,
        env: { GITHUB_TOKEN: "${{ github.token }}", ...task.env },
        run: ["node delivery/cli.ts", ...task.command].join(" "),
      },
    ],
  };
}

/** How the pipeline is set up, as arguments that each command takes. */
export const engineFlags = ({ engine }: PipelineOptions): string[] => ["--engine", engine];

/** The stack of the environment that a command is for, where it has another name. */
export const stackFlags = ({ engine, environments }: PipelineOptions, name: string): string[] => {
  const stack = environments[name]?.stack ?? name;
  return engine === "pulumi" && stack !== name ? ["--stack", stack] : [];
};

/** The same for a command that only its inputs tell which of these environments it is for. */
export const stacksFlags = (pipeline: PipelineOptions, names: string[]): string[] =>
  names.flatMap((name) => {
    const [, stack] = stackFlags(pipeline, name);
    return stack ? ["--stacks", `${name}=${stack}`] : [];
  });

/** What commands take that change the config repository's branch. */
export const branchFlags = ({ config }: PipelineOptions): string[] => ["--branch", config.branch];

/** Where previews and drift find their secrets: they read, and may have weaker ones than deploys. */
export const readingEnvironment = (name: string, { previewSecrets }: Environment): Job["environment"] => ({
  name: previewSecrets ? `${name}-preview` : name,
  deployment: false,
});

/**
 * Environment variables by which a deploy, preview or look for drift reaches the cluster and the stack's
 * state, from the secrets and variables of its GitHub environment; with the names of those to mask.
 */
export function credentials(pipeline: PipelineOptions, { secrets, variables }: Environment): Env {
  const pulumi = pipeline.engine === "pulumi";
  const names = [...new Set([...Object.keys(secrets), ...(pulumi ? [] : ["KUBECONFIG_CONTENT"])])];
  const of = (context: "secrets" | "vars", names: string[]) =>
    Object.fromEntries(names.map((name) => [name, `\${{ ${context}.${name} }}`]));
  return {
    ...(pulumi ? { PULUMI_BACKEND_URL: pipeline.backend } : {}),
    ...of("vars", Object.keys(variables)),
    ...of("secrets", names),
    SLIPWAY_SECRETS: names.join(","),
  };
}

/** Files whose change changes what an environment runs. Another environment's are not among them. */
export function deployedPaths({ engine }: PipelineOptions, name: string, { stack }: Environment): string[] {
  if (engine === "kustomize") return [`deploy/${name}/**`];
  return [
    "Pulumi.yaml",
    `Pulumi.${stack.replace(/^.*\//, "")}.yaml`,
    "index.ts",
    "components/**",
    "config/**",
    "stacks/**",
    "commands/**",
    "package-lock.json",
  ];
}

/** A form's field: one of these environments. */
export const environmentInput = (description: string, names: string[]): Input => ({
  description,
  type: "choice",
  required: true,
  options: names,
});
