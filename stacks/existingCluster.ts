import { Provider } from "@pulumi/kubernetes/provider";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import type { Config } from "../config";
import type { TargetCluster } from "./index";

interface Kubeconfig {
  "current-context": string;
  contexts: { name: string; context: { cluster: string } }[];
  clusters: { name: string; cluster: { server: string } }[];
}

/** URL of the cluster that a kubeconfig's current context leads to. */
export function serverOf(kubeconfig: string): string {
  const { "current-context": current, contexts, clusters } = parse(kubeconfig) as Kubeconfig;
  const name = contexts.find((context) => context.name === current)?.context.cluster;
  return clusters.find((cluster) => cluster.name === name)?.cluster.server ?? current;
}

/** A stack that uses a cluster which is there: by its kubeconfig, or by the stack that created it. */
export function existingCluster({ kubeconfig: text, clusterStack }: Config): TargetCluster {
  const owner = clusterStack ? new pulumi.StackReference("cluster", { name: clusterStack }) : undefined;
  const kubeconfig = pulumi.secret(
    owner ? (owner.requireOutput("kubeconfig") as pulumi.Output<string>) : (text as string),
  );
  const clusterId = owner
    ? (owner.requireOutput("clusterId") as pulumi.Output<string>)
    : pulumi.output(serverOf(text as string));
  return {
    provider: new Provider("kubernetes", { kubeconfig, clusterIdentifier: clusterId }),
    outputs: { kubeconfig, clusterId },
  };
}
