import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parse, parseAllDocuments } from "yaml";
import { releaseFile } from "../releaseFile.ts";
import { EngineFailure } from "./failure.ts";
import { inLog, type Engine, type Place } from "./engine.ts";
import { externalDiff, planOfDiff } from "./kubectlDiff.ts";
import { isReady, reasonsOf, type Pod, type Warning } from "./pods.ts";
import { run, type Command, type Outcome } from "./run.ts";

/** kubectl, as the environment's credential lets it work. */
type Kubectl = (args: string[], more?: Partial<Command>) => Promise<Outcome>;

/** Runs something with a kubeconfig in a private file, which is gone afterwards. */
async function withKubectl<T>({ job }: Place, work: (kubectl: Kubectl) => Promise<T>): Promise<T> {
  const content = job.env.KUBECONFIG_CONTENT;
  if (!content)
    throw new EngineFailure(
      "KUBECONFIG_CONTENT is not set: the GitHub environment needs this secret, which the pipeline's stack sets",
      "",
    );
  const folder = await mkdtemp(path.join(tmpdir(), "slipway-kubeconfig-"));
  try {
    const file = path.join(folder, "config");
    await writeFile(file, content, { mode: 0o600 });
    return await work((args, more) =>
      run({
        args: ["kubectl", ...args],
        job,
        ...more,
        env: { KUBECONFIG: file, KUBECONFIG_CONTENT: undefined, ...more?.env },
      }),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

const folderOf = (environment: string) => `deploy/${environment}`;

const lastWords = ({ stderr, stdout }: Outcome) =>
  (stderr.trim() || stdout.trim()).split("\n").slice(-20).join("\n");

/** Fails with kubectl's own words, unless it did what it was asked for. */
function succeeded(what: string, outcome: Outcome, { mask }: Place): Outcome {
  if (outcome.exitCode !== 0) throw new EngineFailure(`${what} failed`, mask(lastWords(outcome)));
  return outcome;
}

interface Deployment {
  kind: string;
  metadata: { name: string; namespace?: string };
  spec: {
    replicas?: number;
    progressDeadlineSeconds?: number;
    selector: { matchLabels: Record<string, string> };
    template: { spec: { containers: { name: string; ports?: { containerPort: number }[] }[] } };
  };
}

/** The Deployment that the files make. */
async function deploymentOf(place: Place, kubectl: Kubectl): Promise<Deployment & { namespace: string }> {
  const folder = folderOf(place.environment);
  const built = succeeded(`kubectl kustomize ${folder}`, await kubectl(["kustomize", folder]), place);
  const objects = parseAllDocuments(built.stdout).map((one) => one.toJSON() as Deployment | null);
  const deployment = objects.find((one) => one?.kind === "Deployment");
  if (!deployment) throw new EngineFailure(`${folder} makes no Deployment`, "");
  const context = await kubectl(["config", "view", "--minify", "-o", "jsonpath={..namespace}"]);
  return {
    ...deployment,
    namespace: deployment.metadata.namespace ?? (context.stdout.trim() || "default"),
  };
}

async function podsOf(place: Place, kubectl: Kubectl, deployment: Deployment & { namespace: string }) {
  const selector = Object.entries(deployment.spec.selector.matchLabels)
    .map(([name, value]) => `${name}=${value}`)
    .join(",");
  const listed = await kubectl(["get", "pods", "-n", deployment.namespace, "-l", selector, "-o", "json"]);
  return (JSON.parse(succeeded("kubectl get pods", listed, place).stdout) as { items: Pod[] }).items;
}

/** Path by which the app is verified: the stack's own, where it has one in its configuration. */
async function verifyPath({ job, stack }: Place): Promise<string> {
  const file = path.join(job.folder, `Pulumi.${stack.replace(/^.*\//, "")}.yaml`);
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw error;
  });
  const { config } = (parse(text) ?? {}) as { config?: Record<string, unknown> };
  return String(config?.["slipway:verifyPath"] ?? "/demo");
}

async function rollOut(place: Place, kubectl: Kubectl): Promise<void> {
  const { mask, told } = place;
  const deployment = await deploymentOf(place, kubectl);
  const { name } = deployment.metadata;
  const wait = (deployment.spec.progressDeadlineSeconds ?? 600) + 30;
  told(`kubectl rollout status: waiting up to ${wait} s for ${name}`);
  const status = await kubectl(
    ["rollout", "status", `deployment/${name}`, "-n", deployment.namespace, `--timeout=${wait}s`],
    { shown: inLog(place) },
  );
  if (status.exitCode === 0) return;
  const events = await kubectl([
    ...["get", "events", "-n", deployment.namespace, "--field-selector", "type=Warning"],
    ...["--sort-by", ".metadata.creationTimestamp", "-o", "json"],
  ]);
  const warnings = events.exitCode === 0 ? (JSON.parse(events.stdout) as { items: Warning[] }).items : [];
  const reasons = reasonsOf(await podsOf(place, kubectl, deployment), warnings, mask);
  throw new EngineFailure(
    `${name} is not rolled out; the pods from before still answer`,
    [mask(lastWords(status)), reasons].filter(Boolean).join("\n"),
  );
}

async function verify(place: Place, kubectl: Kubectl): Promise<void> {
  const { environment, job, mask, told } = place;
  const deployment = await deploymentOf(place, kubectl);
  const [container] = deployment.spec.template.spec.containers;
  const port = container?.ports?.[0]?.containerPort;
  if (!container || !port) throw new EngineFailure("the Deployment's container names no port", "");
  const file = releaseFile("kustomize", environment);
  const wanted = file.read(await readFile(path.join(job.folder, file.path), "utf8"));
  const [at, pods] = [await verifyPath(place), (await podsOf(place, kubectl, deployment)).filter(isReady)];
  if (pods.length === 0 && deployment.spec.replicas === 0) return told("no pod to verify: replicas is 0");
  if (pods.length === 0) throw new EngineFailure("no pod is ready", "");
  told(`verifying: waiting for ${pods.length === 1 ? "the pod's answer" : `${pods.length} pods' answers`}`);
  const problems: string[] = [];
  for (const pod of pods) {
    const { name } = pod.metadata;
    const status = pod.status.containerStatuses?.find((one) => one.name === container.name);
    const digest = status?.imageID.match(/sha256:[0-9a-f]{64}$/)?.[0];
    const proxy = `/api/v1/namespaces/${deployment.namespace}/pods/${name}:${port}/proxy${at}`;
    const answer = await kubectl(["get", "--raw", proxy, "--request-timeout=10s"]);
    if (wanted?.digest && digest !== wanted.digest)
      problems.push(`${name} runs ${digest}, not ${wanted.digest}`);
    else if (answer.exitCode !== 0) problems.push(`${name} does not answer ${at}: ${lastWords(answer)}`);
    else
      told(
        `GET ${at} from ${name}, image ${digest}: ${mask(answer.stdout.trim().split("\n")[0] ?? "").slice(0, 200)}`,
      );
  }
  if (problems.length > 0)
    throw new EngineFailure("it is rolled out, but does not answer as it should", mask(problems.join("\n")));
}

/** Plain files in `deploy/<environment>`, by kubectl. */
export const kustomize: Engine = {
  plan: (place) =>
    withKubectl(place, async (kubectl) => {
      const folder = folderOf(place.environment);
      place.told(`kubectl diff -k ${folder}: waiting for the cluster to say what runs`);
      const result = await kubectl(["diff", "-k", folder], { env: { KUBECTL_EXTERNAL_DIFF: externalDiff } });
      // 1 means that there are differences, more that it failed; an error of kubectl's own is 1 as well.
      if (result.exitCode > 1 || (result.exitCode === 1 && result.stdout.trim() === ""))
        throw new EngineFailure(`kubectl diff -k ${folder} failed`, place.mask(lastWords(result)));
      return planOfDiff(result.stdout, place.mask);
    }),
  apply: (place) =>
    withKubectl(place, async (kubectl) => {
      const folder = folderOf(place.environment);
      place.told(`kubectl apply -k ${folder}`);
      const applied = await kubectl(["apply", "-k", folder], { shown: inLog(place) });
      succeeded("kubectl apply", { ...applied, stderr: applied.all }, place);
      await rollOut(place, kubectl);
    }),
  verify: (place) => withKubectl(place, (kubectl) => verify(place, kubectl)),
};
