import { execa } from "execa";
import { readFileSync } from "node:fs";
import path from "node:path";
import { githubUrl } from "./addresses.ts";
import { labEnvironment, labStack } from "./environment.ts";
import { checkout } from "./paths.ts";
import { appRepository, configRepository, ensureRepositories, takeDeployed } from "./repositories.ts";
import { ensureStack, labStackConfig, pipelineStack, pipelineStackConfig, stackFile } from "./stacks.ts";
import { up } from "./up.ts";

const step = (title: string) => console.log(`\n── ${title}`);

const shell = `eval "$(npm run -s lab -- env)"`;

/** The whole of Slipway on this machine: the lab, `pulumi up`, and a GET of `/demo`. */
export async function start(): Promise<void> {
  step("The lab");
  await up();
  const lab = { cwd: checkout, env: labEnvironment() };

  step("pulumi up");
  const mine = await takeDeployed(path.basename(stackFile(labStack)));
  if (mine) console.log(`The stack is configured as the pipeline deployed it last; yours is in ${mine}`);
  await ensureStack(labStack, labStackConfig());
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

  step(`The pipeline: pulumi up --stack ${pipelineStack}`);
  await ensureStack(pipelineStack, pipelineStackConfig());
  const files = [labStack, pipelineStack].map((stack) => path.basename(stackFile(stack)));
  await ensureRepositories(
    Object.fromEntries(files.map((file) => [file, readFileSync(path.join(checkout, file), "utf8")])),
  );
  await execa("pulumi", ["up", "--yes", "--skip-preview", "--stack", pipelineStack], {
    ...lab,
    stdio: "inherit",
  });

  console.log(`
Next: publish a release, and touch nothing else.

  npm run release -- v0.0.2 --message "Hello from v0.0.2!"
  npm run lab -- status                       releases, workflow runs, and what runs where

  ${githubUrl}/${appRepository}     the app: git clone it, change it, push it, release it
  ${githubUrl}/${configRepository}             the program and its stacks: what is deployed

Or by hand, in a shell of yours:

  ${shell}             pulumi, kubectl and docker talk to the lab
  kubectl get pods
  pulumi preview                              nothing to change
  npm run verify

  npm run lab -- down                         nothing stays behind
`);
}
