import { execa } from "execa";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { digitaloceanUrl, githubUrl, privateRegistryAddress } from "./addresses.ts";
import { digitaloceanToken, githubDispatchToken, githubOwnerToken, registryLogin } from "./credentials.ts";
import { labEnvironment, labStack, labVariables } from "./environment.ts";
import { checkout } from "./paths.ts";
import { appRepository, configRepository } from "./repositories.ts";

/** Name of the stack that wires the lab's pipeline. */
export const pipelineStack = "lab-pipeline";

/** A stack's configuration: keys as `pulumi config set --path` takes them. */
export interface StackConfig {
  plain: Record<string, string>;
  secret: Record<string, string>;
}

/** Configuration of the lab's stack: any other stack's, with the lab's endpoints. */
export const labStackConfig = (): StackConfig => ({
  plain: {
    imageTag: "v0.0.1",
    "cluster.name": "slipway-lab",
    "cluster.region": "ams3",
    "registry.address": privateRegistryAddress,
    "registry.username": registryLogin.username,
    "build.context": "app",
    "digitalocean:apiEndpoint": digitaloceanUrl,
  },
  secret: { "registry.password": registryLogin.password },
});

/** Configuration of the stack that wires the pipeline to the lab's stack. */
export const pipelineStackConfig = (): StackConfig => ({
  plain: {
    "github:baseUrl": `${githubUrl}/`,
    // The lab's GitHub needs no pauses between two writes.
    "github:writeDelayMs": "1",
    "registry.address": privateRegistryAddress,
    "registry.username": registryLogin.username,
    "pipeline.app.repository": appRepository,
    "pipeline.config.repository": configRepository,
    "pipeline.delivery": "branch",
    "pipeline.backend": String(labVariables().PULUMI_BACKEND_URL),
    [`pipeline.environments.${labStack}.stack`]: labStack,
  },
  secret: {
    "github:token": githubOwnerToken,
    "registry.password": registryLogin.password,
    "pipeline.dispatchToken": githubDispatchToken,
    [`pipeline.environments.${labStack}.secrets.PULUMI_CONFIG_PASSPHRASE`]: String(
      labVariables().PULUMI_CONFIG_PASSPHRASE,
    ),
    [`pipeline.environments.${labStack}.secrets.DIGITALOCEAN_TOKEN`]: digitaloceanToken,
  },
});

/** Path of a stack's configuration file. */
export const stackFile = (stack: string) => path.join(checkout, `Pulumi.${stack}.yaml`);

/** Whether a stack has a configuration file, and more in it than what `stack select` writes. */
function isConfigured(stack: string): boolean {
  if (!existsSync(stackFile(stack))) return false;
  return (parse(readFileSync(stackFile(stack), "utf8")) as { config?: object } | null)?.config !== undefined;
}

/** Sees that there is such a stack. One that has a configuration keeps what its user made of it. */
export async function ensureStack(stack: string, { plain, secret }: StackConfig): Promise<void> {
  const lab = { cwd: checkout, env: labEnvironment() };
  await execa("pulumi", ["stack", "select", "--create", stack], lab);
  if (isConfigured(stack)) return;
  const flags = (flag: string, settings: Record<string, string>) =>
    Object.entries(settings).flatMap(([key, value]) => [flag, `${key}=${value}`]);
  const all = [...flags("--plaintext", plain), ...flags("--secret", secret)];
  await execa("pulumi", ["config", "set-all", "--stack", stack, "--path", ...all], lab);
}
