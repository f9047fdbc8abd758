import type { Cluster, Connection } from "./state.ts";

/** What really runs a cluster that the API was asked for. */
export interface ClusterBackend {
  /** Starts the cluster, new and empty, and says how to reach it. Fails if it can't be started. */
  start(cluster: Cluster): Promise<Connection>;
  /** Whether a cluster that was started still runs. */
  runs(cluster: Cluster): Promise<boolean>;
  /** Ends the cluster; one that does not run is no error. */
  stop(cluster: Cluster): Promise<void>;
}

/** Labels in Kubernetes' own domains that a kubelet may give its node (k8s.io/kubelet/pkg/apis, `kubeletLabels`). */
const kubeletLabel = /^(topology\.kubernetes\.io\/(region|zone)|node\.kubernetes\.io\/.+)$/;
const ownDomain = /(^|\.)(kubernetes|k8s)\.io\//;

/** Labels that DigitalOcean gives a node of a cluster's first pool, and those of the pool that a kubelet may set. */
export function nodeLabels(cluster: Cluster): Record<string, string> {
  const [pool] = cluster.node_pools;
  const all: Record<string, string> = {
    ...pool?.labels,
    "doks.digitalocean.com/managed": "true",
    "doks.digitalocean.com/node-id": pool?.nodes[0]?.id ?? "",
    "doks.digitalocean.com/node-pool": pool?.name ?? "",
    "doks.digitalocean.com/node-pool-id": pool?.id ?? "",
    "doks.digitalocean.com/version": cluster.version,
    "node.kubernetes.io/instance-type": pool?.size ?? "",
    "topology.kubernetes.io/region": cluster.region,
    region: cluster.region,
  };
  return Object.fromEntries(
    Object.entries(all).filter(([label]) => !ownDomain.test(label) || kubeletLabel.test(label)),
  );
}
