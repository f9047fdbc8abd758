import { Provider } from "@pulumi/kubernetes/provider";
import { Cluster } from "../components/cluster";
import { chooseVersion, isKept } from "../components/cluster/version";
import type { Config } from "../config";
import type { TargetCluster } from "./index";
import type { LastUpdate } from "./lastUpdate";

/** A stack that creates its DigitalOcean cluster. */
export async function digitaloceanCluster(config: Config, last: LastUpdate): Promise<TargetCluster> {
  const options = config.cluster ?? {};
  const { version, versionPrefix } = options;
  const choice = { version, versionPrefix, running: last.kubernetesVersion } as Parameters<
    typeof chooseVersion
  >[0];
  const cluster = new Cluster("cluster", {
    options,
    nodePools: config.nodePools,
    version: await chooseVersion(choice),
    keepVersion: isKept(choice),
    protect: config.protect,
    namespace: config.namespace,
  });
  return {
    provider: new Provider(
      "kubernetes",
      // By its id, a cluster stays the same one whatever becomes of its kubeconfig.
      { kubeconfig: cluster.kubeconfig, clusterIdentifier: cluster.id },
      { parent: cluster },
    ),
    outputs: { kubeconfig: cluster.kubeconfig, clusterId: cluster.id, kubernetesVersion: cluster.version },
  };
}
