import { execa } from "execa";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { digitaloceanUrl, privateRegistryAddress } from "./addresses.ts";
import { registryLogin } from "./credentials.ts";
import { labEnvironment, labStack } from "./environment.ts";
import { checkout } from "./paths.ts";
import { up } from "./up.ts";

/** Configuration of the lab's stack: any other stack's, with the lab's endpoints. Keys as `pulumi config set --path` takes them. */
export const labStackConfig = (): Record<string, string> => ({
  imageTag: "v0.0.1",
  "cluster.name": "slipway-lab",
  "cluster.region": "ams3",
  "registry.address": privateRegistryAddress,
  "registry.username": registryLogin.username,
  "build.context": "app",
  "digitalocean:apiEndpoint": digitaloceanUrl,
});

/** Whether the lab's stack has a configuration file, and more in it than what `stack select` writes. */
function isConfigured(): boolean {
  const file = path.join(checkout, `Pulumi.${labStack}.yaml`);
  if (!existsSync(file)) return false;
  return (parse(readFileSync(file, "utf8")) as { config?: object } | null)?.config !== undefined;
}

const step = (title: string) => console.log(`\n── ${title}`);

const shell = `eval "$(npm run -s lab -- env)"`;

/** What of it is secret. */
export const labStackSecrets = (): Record<string, string> => ({
  "registry.password": registryLogin.password,
});

/** The whole of Slipway on this machine: the lab, `pulumi up`, and a GET of `/demo`. */
export async function start(): Promise<void> {
  step("The lab");
  await up();
  const lab = { cwd: checkout, env: labEnvironment() };
  const pulumi = async (...args: string[]) => (await execa("pulumi", args, lab)).stdout;

  step("pulumi up");
  await pulumi("stack", "select", "--create", labStack);
  // A stack that has a configuration keeps what its user made of it.
  if (!isConfigured()) {
    const flags = (flag: string, settings: Record<string, string>) =>
      Object.entries(settings).flatMap(([key, value]) => [flag, `${key}=${value}`]);
    await pulumi(
      ...["config", "set-all", "--path"],
      ...flags("--plaintext", labStackConfig()),
      ...flags("--secret", labStackSecrets()),
    );
  }
  const [update] = await Promise.allSettled([
    execa("pulumi", ["up", "--yes", "--skip-preview"], { ...lab, stdio: "inherit" }),
  ]);
  // Also where the rollout failed: kubectl finds out why.
  const kubeconfig = await execa("node", ["commands/kubeconfig.mts", "--current"], { ...lab, reject: false });
  if (update.status === "rejected")
    throw new Error(
      "pulumi up failed; its own words are above" +
        (kubeconfig.failed ? "" : `\nkubectl looks into the cluster, in a shell that did: ${shell}`),
    );
  if (kubeconfig.failed) throw new Error(kubeconfig.stderr);

  step("npm run verify");
  await execa("node", ["commands/verify.mts"], { ...lab, stdio: "inherit" });

  console.log(`
Next, in a shell of yours:

  ${shell}             pulumi, kubectl and docker talk to the lab
  kubectl get pods
  pulumi preview                              nothing to change
  pulumi config set --path build.args.MESSAGE "Hello from v0.0.2!"
  pulumi config set imageTag v0.0.2           a release
  pulumi up
  npm run verify

  npm run lab -- status                       what runs where
  npm run lab -- down                         nothing stays behind
`);
}
