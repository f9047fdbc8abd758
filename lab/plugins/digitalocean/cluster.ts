import { Unfinished, type Call, type Found, type Resource } from "../provider/provider.ts";
import type { Failure } from "../provider/schema.ts";
import type { Properties } from "../provider/values.ts";
import { ApiError, type Api } from "./api.ts";
import {
  areValid,
  clusterSchema,
  clusterState,
  defaultPool,
  kubeConfigs,
  settingsRequest,
  type ApiCluster,
  type ApiCredentials,
} from "./clusterState.ts";
import { checkPool } from "./nodePool.ts";
import { defaultPoolTag, newPoolRequest, poolRequest, poolRunning, poolsPath } from "./pools.ts";

const base = "/v2/kubernetes/clusters";
type Answer = { kubernetes_cluster: ApiCluster };

/** Waits until a cluster runs. Fails if DigitalOcean gives up on it. */
async function running(api: Api, id: string, call: Call): Promise<ApiCluster> {
  let shown = "";
  return await api.poll(async () => {
    const { kubernetes_cluster: cluster } = await api.request<Answer>("GET", `${base}/${id}`, call.signal);
    const { state, message } = cluster.status;
    if (state === "running") return cluster;
    if (state === "error" || state === "deleting" || state === "deleted")
      throw new Error(`DigitalOcean: cluster ${id} is in state "${state}"${message ? `: ${message}` : ""}`);
    if (state !== shown) call.status(`cluster is ${(shown = state)}`);
    return undefined;
  }, call.signal);
}

/** Fresh credentials of a cluster. DigitalOcean's default life of them, 7 days, unless the program says otherwise. */
async function mint(api: Api, cluster: ApiCluster, seconds: unknown, signal: AbortSignal) {
  const query = `expiry_seconds=${Number(seconds ?? 0)}`;
  const path = `${base}/${cluster.id}/credentials?${query}`;
  return kubeConfigs(cluster, await api.request<ApiCredentials>("GET", path, signal));
}

/** Waits for a cluster that was asked for. What stops that leaves it unfinished, not lost. */
async function finish(api: Api, cluster: ApiCluster, kept: Properties, call: Call): Promise<Properties> {
  let latest = cluster;
  try {
    latest = await running(api, cluster.id, call);
    const configs = areValid(kept.kubeConfigs)
      ? kept.kubeConfigs
      : await mint(api, latest, kept.kubeconfigExpireSeconds, call.signal);
    return clusterState(latest, { ...kept, kubeConfigs: configs as Properties[] });
  } catch (error) {
    const state = clusterState(latest, { kubeConfigs: [], ...kept });
    throw new Unfinished({ id: cluster.id, state }, (error as Error).message);
  }
}

/**
 * The cluster that a refused request found under its name, if this very request made it: its answer was
 * lost to a server error, and repeating it was refused. Any other may be what a killed update left, or
 * another stack's. Nothing in the API tells which, and the wrong guess would let one stack delete
 * another's cluster; so it fails, as the official provider does, and says how to take it over.
 */
async function takenName(api: Api, error: unknown, name: unknown, call: Call): Promise<ApiCluster> {
  if (!(error instanceof ApiError) || error.status !== 422) throw error;
  const { kubernetes_clusters: clusters } = await api.request<{ kubernetes_clusters: ApiCluster[] }>(
    "GET",
    `${base}?per_page=200`,
    call.signal,
  );
  const same = clusters.find((cluster) => cluster.name === name);
  if (!same?.node_pools.some((pool) => pool.tags?.includes(defaultPoolTag))) throw error;
  if (error.mayBeDone) return same;
  throw new Error(
    `${error.message}; if an interrupted update of this stack left it, delete it (doctl kubernetes cluster delete ${same.id}), or take it over (pulumi import digitalocean:index/kubernetesCluster:KubernetesCluster <name> ${same.id} --generate-code=false, with the --parent that it has in the program)`,
  );
}

/** What is wrong with a cluster's inputs; among it what only the official provider can do. */
function clusterFailures(inputs: Properties): Failure[] {
  const official = ["isolatedWorkers", "registryIntegration", "ssos", "workerSubnetUuid"];
  return [
    ...checkPool(inputs.nodePool as Properties, "nodePool."),
    ...official
      .filter((name) => inputs[name] !== undefined && inputs[name] !== false)
      .map((property) => ({
        property,
        reason: "is not in this stand-in; remove it, or use the official plugin",
      })),
  ];
}

/** `digitalocean.KubernetesCluster`. */
export const kubernetesCluster: Resource<Api> = {
  schema: clusterSchema,
  choosesName: true,
  failures: clusterFailures,

  async create(api, inputs, call): Promise<Found> {
    const request = {
      ...settingsRequest(inputs),
      region: inputs.region,
      version: inputs.version,
      vpc_uuid: inputs.vpcUuid,
      cluster_subnet: inputs.clusterSubnet,
      service_subnet: inputs.serviceSubnet,
      node_pools: [newPoolRequest(inputs.nodePool as Properties, defaultPoolTag)],
    };
    let cluster: ApiCluster;
    try {
      ({ kubernetes_cluster: cluster } = await api.request<Answer>("POST", base, call.signal, request));
    } catch (error) {
      cluster = await takenName(api, error, inputs.name, call);
    }
    return { id: cluster.id, state: await finish(api, cluster, inputs, call) };
  },

  async read(api, id, state, { signal }): Promise<Found | undefined> {
    const found = await api.find<Answer>("GET", `${base}/${id}`, signal);
    if (!found) return undefined;
    const { kubernetes_cluster: cluster } = found;
    // Only what no longer opens the cluster is replaced, so that a refresh is not a change by itself.
    const isDue = cluster.status.state === "running" && !areValid(state.kubeConfigs);
    const configs = isDue
      ? await mint(api, cluster, state.kubeconfigExpireSeconds, signal)
      : state.kubeConfigs;
    return { id, state: clusterState(cluster, { ...state, kubeConfigs: (configs ?? []) as Properties[] }) };
  },

  async update(api, { id, state }, inputs, changed, call): Promise<Properties> {
    const pool = inputs.nodePool as Properties;
    const path = `${base}/${id}`;
    const ofPool = changed.filter((one) => one.startsWith("nodePool."));
    const ofCluster = changed.filter((one) => !one.startsWith("nodePool.") && one !== "version");
    const { signal } = call;
    if (ofCluster.length > 0) await api.request("PUT", path, signal, settingsRequest(inputs));
    const { kubernetes_cluster: cluster } = await api.request<Answer>("GET", path, signal);
    if (ofPool.length > 0) {
      const { id: poolId } = defaultPool(cluster, (state.nodePool as Properties | undefined)?.id);
      await api.request("PUT", `${poolsPath(id)}/${poolId}`, signal, poolRequest(pool, defaultPoolTag));
      if (cluster.status.state === "running") await poolRunning(api, id, poolId, signal);
    }
    if (changed.includes("version"))
      await api.request("POST", `${path}/upgrade`, signal, { version: inputs.version });
    return await finish(api, cluster, { ...inputs, kubeConfigs: state.kubeConfigs ?? [] }, call);
  },

  async delete(api, { id, state }, call): Promise<void> {
    const { signal } = call;
    const path = state.destroyAllAssociatedResources
      ? `${base}/${id}/destroy_with_associated_resources/dangerous`
      : `${base}/${id}`;
    await api.find("DELETE", path, signal);
    await api.poll(async () => {
      const found = await api.find<Answer>("GET", `${base}/${id}`, signal);
      if (found?.kubernetes_cluster.status.state === "error")
        throw new Error(`DigitalOcean: cluster ${id}: ${found.kubernetes_cluster.status.message ?? "error"}`);
      return found ? undefined : true;
    }, signal);
  },
};
