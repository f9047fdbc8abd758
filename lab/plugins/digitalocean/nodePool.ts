import type { KubernetesNodePoolArgs, KubernetesNodePoolState } from "@pulumi/digitalocean";
import { Unfinished, type Found, type Resource } from "../provider/provider.ts";
import type { Failure, Property } from "../provider/schema.ts";
import { unknown, type Properties } from "../provider/values.ts";
import type { Api } from "./api.ts";
import {
  newPoolRequest,
  poolRequest,
  poolRunning,
  poolSchema,
  poolState,
  poolsPath,
  type ApiPool,
} from "./pools.ts";

const nodePoolSchema = {
  ...poolSchema,
  clusterId: { type: "string", required: true, replaces: true },
  name: { type: "string" },
} satisfies Record<keyof KubernetesNodePoolState | keyof KubernetesNodePoolArgs, Property>;

/** What is wrong with a pool's numbers of nodes. `prefix`: of its properties' names. */
export function checkPool(pool: Properties, prefix = ""): Failure[] {
  const { autoScale, nodeCount, minNodes, maxNodes } = pool;
  const failures: Failure[] = [];
  const below = (name: string, value: unknown, least: number) => {
    if (typeof value === "number" && value < least)
      failures.push({ property: prefix + name, reason: `must be at least ${least}, received ${value}` });
  };
  below("nodeCount", nodeCount, 1);
  below("minNodes", minNodes, 0);
  below("maxNodes", maxNodes, 1);
  if (typeof minNodes === "number" && typeof maxNodes === "number" && minNodes > maxNodes)
    failures.push({
      property: `${prefix}minNodes`,
      reason: `must not exceed maxNodes (${maxNodes}), received ${minNodes}`,
    });
  if (autoScale === true && maxNodes === undefined)
    failures.push({ property: `${prefix}maxNodes`, reason: "is missing; autoScale needs it" });
  if (autoScale !== true && autoScale !== unknown && nodeCount === undefined)
    failures.push({
      property: `${prefix}nodeCount`,
      reason: "is missing; set it, or autoScale with minNodes and maxNodes",
    });
  return failures;
}

type Answer = { node_pool: ApiPool };

const stateOf = (pool: ApiPool, clusterId: string): Properties => {
  const { id: _, ...state } = poolState(pool);
  return JSON.parse(JSON.stringify({ ...state, clusterId })) as Properties;
};

/** Waits for a pool's nodes. What stops that leaves the pool unfinished, not lost. */
async function finish(api: Api, pool: ApiPool, clusterId: string, signal: AbortSignal): Promise<Properties> {
  try {
    return stateOf(await poolRunning(api, clusterId, pool.id, signal), clusterId);
  } catch (error) {
    throw new Unfinished({ id: pool.id, state: stateOf(pool, clusterId) }, (error as Error).message);
  }
}

/** Id of the cluster that has a pool: an import names the pool alone. */
async function clusterOf(api: Api, pool: string, signal: AbortSignal): Promise<string | undefined> {
  const { kubernetes_clusters: clusters } = await api.request<{
    kubernetes_clusters: { id: string; node_pools: ApiPool[] }[];
  }>("GET", "/v2/kubernetes/clusters?per_page=200", signal);
  return clusters.find(({ node_pools }) => node_pools.some(({ id }) => id === pool))?.id;
}

/** `digitalocean.KubernetesNodePool`. */
export const kubernetesNodePool: Resource<Api> = {
  schema: nodePoolSchema,
  choosesName: true,
  failures: (inputs) => checkPool(inputs),

  async create(api, inputs, { signal }): Promise<Found> {
    const cluster = inputs.clusterId as string;
    const request = newPoolRequest(inputs);
    const { node_pool } = await api.request<Answer>("POST", poolsPath(cluster), signal, request);
    return { id: node_pool.id, state: await finish(api, node_pool, cluster, signal) };
  },

  async read(api, id, state, { signal }): Promise<Found | undefined> {
    const cluster = (state.clusterId as string | undefined) ?? (await clusterOf(api, id, signal));
    if (!cluster) return undefined;
    const found = await api.find<Answer>("GET", `${poolsPath(cluster)}/${id}`, signal);
    return found && { id, state: stateOf(found.node_pool, cluster) };
  },

  async update(api, { id }, inputs, changed, { signal }): Promise<Properties> {
    const cluster = inputs.clusterId as string;
    const path = `${poolsPath(cluster)}/${id}`;
    const { node_pool } =
      changed.length > 0
        ? await api.request<Answer>("PUT", path, signal, poolRequest(inputs))
        : await api.request<Answer>("GET", path, signal);
    return await finish(api, node_pool, cluster, signal);
  },

  async delete(api, { id, state }, { signal }): Promise<void> {
    const path = `${poolsPath(state.clusterId as string)}/${id}`;
    await api.find("DELETE", path, signal);
    await api.poll(async () => ((await api.find("GET", path, signal)) ? undefined : true), signal);
  },
};
