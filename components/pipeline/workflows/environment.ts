import type { Environment, PipelineOptions } from "../options";
import { expression } from "./workflow";

/** Name of the secret with the kubeconfig of the vanilla engine. */
export const kubeconfigSecret = "KUBECONFIG_CONTENT";

/** Names of the secrets that an environment's jobs get. */
export const secretNames = ({ engine }: PipelineOptions, { secrets }: Environment): string[] => [
  ...Object.keys(secrets),
  ...(engine === "kustomize" ? [kubeconfigSecret] : []),
];

/** Environment variables of a job that reaches the environment's state and cluster. */
export function deployEnv(pipeline: PipelineOptions, environment: Environment): Record<string, string> {
  const names = secretNames(pipeline, environment);
  return {
    GITHUB_TOKEN: expression("github.token"),
    ...(pipeline.engine === "pulumi" ? { PULUMI_BACKEND_URL: pipeline.backend } : {}),
    ...Object.fromEntries(
      Object.keys(environment.variables).map((name) => [name, expression(`vars.${name}`)]),
    ),
    ...Object.fromEntries(names.map((name) => [name, expression(`secrets.${name}`)])),
    // Names of what is never shown.
    SLIPWAY_SECRETS: names.join(","),
  };
}

/** What a job installs: the program for Pulumi, else only the scripts. */
export const installStep = (whole: boolean) => ({
  name: whole ? "Install the program" : "Install the scripts",
  run: `npm ci --omit=dev${whole ? "" : " --workspace delivery"} --no-audit --no-fund`,
});

/** Files of the config repository that decide what runs in an environment. */
export function pathsOf({ engine }: PipelineOptions, name: string, { stack }: Environment): string[] {
  if (engine === "kustomize") return [`deploy/${name}/**`];
  return [
    "Pulumi.yaml",
    `Pulumi.${stack.split("/").at(-1)}.yaml`,
    "index.ts",
    "components/**",
    "config/**",
    "stacks/**",
    "commands/**",
    "package-lock.json",
  ];
}
