import { execa } from "execa";
import { existsSync } from "node:fs";
import path from "node:path";
import { digitaloceanUrl, registryAddress } from "./addresses.ts";
import { labEnvironment, labStack } from "./environment.ts";
import { checkout } from "./paths.ts";
import { up } from "./up.ts";

/** Configuration of the lab's stack: any other stack's, with the lab's endpoints. */
export const labStackConfig = (): [key: string, value: string][] => [
  ["imageTag", "v0.0.1"],
  ["cluster.name", "slipway-lab"],
  ["cluster.region", "ams3"],
  ["registry.address", registryAddress],
  ["build.context", "app"],
  ["digitalocean:apiEndpoint", digitaloceanUrl],
];

const step = (title: string) => console.log(`\n── ${title}`);

/** The whole of Slipway on this machine: the lab, `pulumi up`, and a GET of `/demo`. */
export async function start(): Promise<void> {
  step("The lab");
  await up();
  const run = execa({ cwd: checkout, env: labEnvironment(), stdio: "inherit" });
  const quietly = execa({ cwd: checkout, env: labEnvironment() });

  step("pulumi up");
  const isNew = !existsSync(path.join(checkout, `Pulumi.${labStack}.yaml`));
  await quietly("pulumi", ["stack", "select", "--create", labStack]);
  if (isNew)
    for (const [key, value] of labStackConfig())
      await quietly("pulumi", ["config", "set", "--path", key, value]);
  await run("pulumi", ["up", "--yes", "--skip-preview"]);

  step("npm run verify");
  await quietly("node", ["commands/kubeconfig.mts", "--current"]);
  await run("node", ["commands/verify.mts"]);

  console.log(`
Next, in a shell of yours:

  eval "$(npm run -s lab -- env)"             pulumi, kubectl and docker talk to the lab
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
