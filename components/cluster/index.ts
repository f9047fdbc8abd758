import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import type { ClusterOptions, Config } from "../../config";
import { clusterKubeconfig } from "./kubeconfig";

/** The cheapest Droplet size that DigitalOcean takes for a node: 1 vCPU, 2 GB (digitalocean.com/pricing/kubernetes). */
export const smallestNode = "s-1vcpu-2gb";

export interface ClusterArgs {
  /** Arguments of `digitalocean.KubernetesCluster`, under its own names; `name` and `nodePool` have defaults. */
  options: ClusterOptions;
  /** Further node pools by name: arguments of `digitalocean.KubernetesNodePool`. */
  nodePools: Config["nodePools"];
  /** DigitalOcean's slug of the Kubernetes version. */
  version: string;
  /** Whether `version` is what the cluster runs already, so that DigitalOcean's own upgrades are no drift. */
  keepVersion: boolean;
  /** Whether Pulumi refuses to delete the cluster. */
  protect: boolean;
  /** Namespace of the kubeconfig's context. */
  namespace: string;
}

/** A managed DigitalOcean Kubernetes cluster, with a kubeconfig that does not expire. */
export class Cluster extends pulumi.ComponentResource {
  /** DigitalOcean's id; it names the cluster for as long as it lives. */
  readonly id: pulumi.Output<string>;
  /** Secret. Needs a DigitalOcean API token where it is used. */
  readonly kubeconfig: pulumi.Output<string>;
  /** DigitalOcean's slug of the version that runs. */
  readonly version: pulumi.Output<string>;

  constructor(name: string, args: ClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:Cluster", name, {}, opts);
    const { nodePool, versionPrefix, ...options } = args.options;

    const cluster = new digitalocean.KubernetesCluster(
      name,
      {
        name: "slipway",
        ...options,
        region: options.region as pulumi.Input<string>,
        version: args.version,
        nodePool: {
          name: "default",
          size: smallestNode,
          ...(nodePool?.autoScale ? {} : { nodeCount: 1 }),
          ...nodePool,
        },
      },
      // A lower version, as after DigitalOcean's own upgrade, would make the provider replace the cluster.
      { parent: this, protect: args.protect, ignoreChanges: args.keepVersion ? ["version"] : [] },
    );
    for (const [poolName, pool] of Object.entries(args.nodePools))
      new digitalocean.KubernetesNodePool(
        `${name}-${poolName}`,
        { name: poolName, ...(pool.autoScale ? {} : { nodeCount: 1 }), ...pool, clusterId: cluster.id },
        { parent: this, protect: args.protect },
      );

    // Only what the stack says: what the environment says reaches the kubeconfig's user as well.
    const provider = new pulumi.Config("digitalocean");
    this.id = cluster.id;
    this.version = cluster.version;
    this.kubeconfig = pulumi.secret(
      pulumi
        .all([cluster.name, cluster.region, cluster.id, cluster.endpoint, cluster.kubeConfigs])
        .apply(([clusterName, region, id, endpoint, kubeConfigs]) =>
          clusterKubeconfig({
            name: clusterName,
            region,
            id,
            endpoint,
            certificateAuthority: kubeConfigs[0]?.clusterCaCertificate ?? "",
            namespace: args.namespace,
            apiEndpoint: provider.get("apiEndpoint"),
            token: provider.get("token"),
          }),
        ),
    );
    this.registerOutputs({ id: this.id, kubeconfig: this.kubeconfig, version: this.version });
  }
}
