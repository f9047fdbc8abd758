import { digitaloceanUrl } from "../addresses.ts";
import { startKubernetes, stopKubernetes } from "../kubernetes/cluster.ts";
import { isRunning } from "../process.ts";
import { nodeLabels, type ClusterBackend } from "./backend.ts";
import type { Cluster } from "./state.ts";

const tokenReviewUrl = ({ id }: Cluster) => `${digitaloceanUrl}/lab/token-review/${id}`;

/**
 * The lab's Kubernetes: one cluster with one node, which is the first node of the first pool. Further
 * nodes exist in the API only, and so do versions: what runs is always the one that the lab was built with.
 * `binary` is the path of the lab's Kubernetes executable.
 */
export function kubernetesBackend(binary: string, onProgress: (message: string) => void): ClusterBackend {
  return {
    start: (cluster) =>
      startKubernetes({
        binary,
        clusterName: cluster.name,
        nodeName: cluster.node_pools[0]?.nodes[0]?.name ?? cluster.name,
        nodeLabels: nodeLabels(cluster),
        authenticationWebhookUrl: tokenReviewUrl(cluster),
        onProgress,
      }),
    runs: async () => isRunning("kube-apiserver") && isRunning("kubelet"),
    stop: (cluster) => stopKubernetes(tokenReviewUrl(cluster)),
  };
}
