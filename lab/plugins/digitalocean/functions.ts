import type { Invocable } from "../provider/provider.ts";
import type { Properties } from "../provider/values.ts";
import type { Api } from "./api.ts";
import { clusterState, kubeConfigs, type ApiCluster, type ApiCredentials } from "./clusterState.ts";

/** `digitalocean.getKubernetesVersions`: version slugs on offer, newest first. */
export const getKubernetesVersions: Invocable<Api> = {
  inputs: { versionPrefix: { type: "string" } },
  async run(api, { versionPrefix }, { signal }) {
    const { options } = await api.request<{ options: { versions: { slug: string }[] } }>(
      "GET",
      "/v2/kubernetes/options",
      signal,
    );
    const slugs = options.versions.map(({ slug }) => slug);
    const valid = slugs.filter((slug) => slug.startsWith((versionPrefix as string | undefined) ?? ""));
    return {
      id: "kubernetes-versions",
      latestVersion: valid[0] ?? "",
      validVersions: valid,
      ...(versionPrefix === undefined ? {} : { versionPrefix }),
    };
  },
};

/** `digitalocean.getKubernetesCluster`: a cluster by its name, with new credentials. */
export const getKubernetesCluster: Invocable<Api> = {
  inputs: {
    name: { type: "string", required: true },
    kubeconfigExpireSeconds: { type: "number" },
    tags: { type: { set: "string" } },
  },
  secrets: ["/kubeConfigs"],
  async run(api, { name, kubeconfigExpireSeconds = 0 }, { signal }) {
    const { kubernetes_clusters: clusters } = await api.request<{ kubernetes_clusters: ApiCluster[] }>(
      "GET",
      "/v2/kubernetes/clusters?per_page=200",
      signal,
    );
    const cluster = clusters.find((one) => one.name === name);
    if (!cluster) {
      const there = clusters.map((one) => `"${one.name}"`).join(", ") || "none";
      throw new Error(`DigitalOcean: no cluster with the name "${String(name)}"; there is ${there}`);
    }
    const credentials = await api.request<ApiCredentials>(
      "GET",
      `/v2/kubernetes/clusters/${cluster.id}/credentials?expiry_seconds=${String(kubeconfigExpireSeconds)}`,
      signal,
    );
    const { nodePool, ...state } = clusterState(cluster, { kubeconfigExpireSeconds });
    const configs = kubeConfigs(cluster, credentials) as unknown as Properties[];
    return {
      ...state,
      id: cluster.id,
      urn: state.clusterUrn as string,
      nodePools: [nodePool as Properties],
      kubeConfigs: configs,
    };
  },
};
