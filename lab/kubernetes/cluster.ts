import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { apiserverUrl } from "../addresses.ts";
import { removePods } from "../containers.ts";
import { findProgram } from "../debian.ts";
import { unmountBelow } from "../mounts.ts";
import { stateDir } from "../paths.ts";
import { isRunning, startProcess, stopProcess, waitFor } from "../process.ts";
import { get, getJson } from "./api.ts";
import { createCgroups, removeCgroups } from "./cgroups.ts";
import { certificates, files, podLogs, processes } from "./components.ts";
import { removeLeftovers } from "./leftovers.ts";
import { createNetwork, removeNetwork } from "./network.ts";
import { createPki } from "./pki.ts";
import { restoreSysctls, saveSysctls } from "./sysctls.ts";

const folder = path.join(stateDir, "kubernetes");
const names = [
  "kube-dns",
  "kube-proxy",
  "kubelet",
  "kube-scheduler",
  "kube-controller-manager",
  "kube-apiserver",
  "etcd",
];

/** What a new cluster needs to know. */
export interface KubernetesOptions {
  /** One of the lab's Kubernetes programs; the others are beside it. */
  binary: string;
  clusterName: string;
  nodeName: string;
  nodeLabels: Record<string, string>;
  /** Where kube-apiserver asks about bearer tokens (TokenReview v1). */
  authenticationWebhookUrl: string;
  /** Told each step. */
  onProgress?: (step: string) => void;
}

/** How a client reaches the cluster. */
export interface KubernetesAddress {
  server: string;
  /** The authority's certificate, PEM in base64. */
  certificateAuthorityData: string;
}

/** Whose cluster the folder holds. */
type Owner = Pick<KubernetesOptions, "clusterName" | "authenticationWebhookUrl">;
const ownerFile = path.join(folder, "owner.json");
const owner = (): Owner | undefined =>
  existsSync(ownerFile) ? (JSON.parse(readFileSync(ownerFile, "utf8")) as Owner) : undefined;

/** Fails if another cluster than the one to start runs, since there is one machine to run them on. */
function refuseSecond({ clusterName, authenticationWebhookUrl }: Owner): void {
  const other = owner();
  if (!other || other.authenticationWebhookUrl === authenticationWebhookUrl) return;
  if (!isRunning("kube-apiserver")) return;
  throw new Error(
    `can't start ${clusterName}: the lab runs one cluster at a time, and ${other.clusterName} runs; delete that first`,
  );
}

interface Node {
  status: { conditions?: { type: string; status: string }[] };
}

/**
 * Starts a new, empty cluster of one node on the lab's containerd, in place of what is left of it if it
 * ran before. Resolves once its API answers, its
 * node is Ready and pods can be created. Fails with the name of the part that did not come up and the
 * end of its log.
 */
export async function startKubernetes(options: KubernetesOptions): Promise<KubernetesAddress> {
  const { clusterName, nodeName, nodeLabels, authenticationWebhookUrl, onProgress = () => {} } = options;
  const etcd = findProgram("etcd");
  if (!etcd) throw new Error("etcd is not installed; install Debian's etcd-server");
  const settings = {
    folder,
    binaries: path.dirname(options.binary),
    etcd,
    nodeName,
    nodeLabels,
    authenticationWebhookUrl,
  };
  refuseSecond(options);
  await stopKubernetes();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(ownerFile, JSON.stringify({ clusterName, authenticationWebhookUrl }));

  saveSysctls();
  createCgroups();
  const parts = processes(settings);
  onProgress(`${clusterName}: starting etcd and kube-apiserver`);
  await startProcess(parts.etcd);
  const [authority] = await Promise.all([
    createPki(path.join(folder, "pki"), certificates(nodeName)),
    createNetwork(),
  ]);
  for (const [name, text] of Object.entries(files(settings)))
    writeFileSync(path.join(folder, name), text, { mode: 0o600 });
  await startProcess(parts.apiserver);
  await waitFor("kube-apiserver", 60, async () => (await get(folder, "/readyz")).status === 200);

  onProgress(`${clusterName}: waiting for node ${nodeName}`);
  for (const part of parts.others) await startProcess(part);
  await waitFor("kubelet", 60, async () => {
    const node = await getJson<Node>(folder, `/api/v1/nodes/${nodeName}`);
    return (
      node?.status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false
    );
  });
  await waitFor(
    "kube-controller-manager",
    30,
    async () => (await get(folder, "/api/v1/namespaces/default/serviceaccounts/default")).status === 200,
  );
  onProgress(`${clusterName}: ready`);
  return { server: apiserverUrl, certificateAuthorityData: Buffer.from(authority).toString("base64") };
}

/**
 * Stops the cluster and removes what it made, however it came to be in the state it is in. With the URL
 * that it was started with, only if it is that cluster which runs.
 */
export async function stopKubernetes(authenticationWebhookUrl?: string): Promise<void> {
  const running = owner()?.authenticationWebhookUrl;
  if (authenticationWebhookUrl && running && running !== authenticationWebhookUrl) return;
  // First whoever starts pods, then the pods, then the rest.
  await Promise.all(["kube-proxy", "kubelet"].map(stopProcess));
  await removePods();
  await Promise.all(names.map(stopProcess));
  await unmountBelow(folder);
  removeLeftovers(podLogs(folder));
  await removeCgroups();
  await removeNetwork();
  restoreSysctls();
  rmSync(folder, { recursive: true, force: true });
}

interface Pods {
  items: {
    metadata: { namespace: string; name: string };
    spec: { containers: { image: string }[] };
    status: { phase: string; containerStatuses?: { ready: boolean }[] };
  }[];
}

/** The cluster's pods, for `lab status`. */
export async function kubernetesStatus(): Promise<string> {
  if (!isRunning("kube-apiserver")) return "Kubernetes\n  does not run; a DigitalOcean cluster brings it";
  const pods = await getJson<Pods>(folder, "/api/v1/pods");
  const lines = (pods?.items ?? []).map(({ metadata, spec, status }) => {
    const ready = status.containerStatuses?.every((container) => container.ready) ? "ready" : "not ready";
    return `  ${metadata.namespace}/${metadata.name}  ${status.phase}, ${ready}  ${spec.containers[0]?.image}`;
  });
  return ["pods", ...(lines.length ? lines : ["  none"])].join("\n");
}
