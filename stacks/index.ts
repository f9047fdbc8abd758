import type { Provider } from "@pulumi/kubernetes/provider";
import type { Output } from "@pulumi/pulumi";
import type { Config } from "../config";
import { digitaloceanCluster } from "./digitaloceanCluster";
import { existingCluster } from "./existingCluster";
import type { LastUpdate } from "./lastUpdate";

export { lastUpdate } from "./lastUpdate";
export { pipelineStack } from "./pipeline";

/** The cluster that a stack deploys to. */
export interface TargetCluster {
  provider: Provider;
  /** What the stack tells about its cluster. */
  outputs: {
    /** Secret. */
    kubeconfig: Output<string>;
    clusterId: Output<string>;
    kubernetesVersion?: Output<string>;
  };
}

/** The stack's cluster: one that it creates, or one that is there. */
export const targetCluster = async (config: Config, last: LastUpdate): Promise<TargetCluster> =>
  config.kubeconfig || config.clusterStack
    ? existingCluster(config)
    : await digitaloceanCluster(config, last);
