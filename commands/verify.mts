/**
 * Says whether the app answers, and which pod and which image digest it was: port-forwards to each ready
 * pod of the stack's Deployment and GETs a path.
 *
 *     npm run verify -- [--stack NAME] [--path /demo] [--expect TEXT]
 *
 * Exit code 0 if every pod runs the stack's image and answers 2xx (with TEXT in it, where given), else 1.
 */
import { parseArgs } from "node:util";
import { AppsV1Api, CoreV1Api, KubeConfig, type V1Pod } from "@kubernetes/client-node";
import { getFromPod } from "./podRequest.mts";
import { runCommand, stackOutputs } from "./stackOutputs.mts";

const digestOf = (image: string | undefined) => image?.match(/sha256:[0-9a-f]{64}$/)?.[0];

const isReady = (pod: V1Pod) =>
  !pod.metadata?.deletionTimestamp &&
  pod.status?.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True");

await runCommand("verify", async () => {
  const { values } = parseArgs({
    options: { stack: { type: "string" }, path: { type: "string" }, expect: { type: "string" } },
  });
  const stack = await stackOutputs(values.stack);
  const path = values.path ?? stack.verifyPath;
  const config = new KubeConfig();
  config.loadFromString(stack.kubeconfig);

  const { namespace } = stack;
  const deployment = await config
    .makeApiClient(AppsV1Api)
    .readNamespacedDeployment({ namespace, name: stack.deployment });
  const container = deployment.spec?.template.spec?.containers[0];
  const port = container?.ports?.[0]?.containerPort;
  if (!port) throw new Error(`the container of ${stack.deployment} names no port`);
  const selector = Object.entries(deployment.spec?.selector.matchLabels ?? {}).map(
    ([name, value]) => `${name}=${value}`,
  );
  const pods = (
    await config.makeApiClient(CoreV1Api).listNamespacedPod({ namespace, labelSelector: selector.join(",") })
  ).items.filter(isReady);
  if (pods.length === 0)
    throw new Error(`no pod of ${stack.deployment} is ready; kubectl get pods tells more`);

  const wanted = digestOf(stack.image);
  let good = 0;
  for (const pod of pods) {
    const name = pod.metadata?.name as string;
    const running = digestOf(
      pod.status?.containerStatuses?.find((status) => status.name === container.name)?.imageID,
    );
    const { status, body } = await getFromPod(config, { namespace, name, port }, path);
    const problem =
      status < 200 || status > 299
        ? `status ${status}`
        : values.expect !== undefined && !body.includes(values.expect)
          ? `not the expected ${JSON.stringify(values.expect)}`
          : running !== wanted
            ? `the stack's image is ${wanted}`
            : undefined;
    if (!problem) good++;
    console.log(
      `${problem ? "✗" : "✓"} GET ${path}  ${status}  ${body.trim().split("\n")[0]?.slice(0, 200)}`,
    );
    console.log(`  pod ${name}\n  image ${running}${problem ? `\n  problem: ${problem}` : ""}`);
  }
  if (good < pods.length)
    throw new Error(`${pods.length - good} of ${pods.length} pods did not answer as they should`);
  console.log(`${stack.image} answers from ${good === 1 ? "1 pod" : `${good} pods`}`);
});
