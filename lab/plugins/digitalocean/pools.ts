import type { types } from "@pulumi/digitalocean";
import type { Property, Schema } from "../provider/schema.ts";
import type { Properties } from "../provider/values.ts";
import type { Api } from "./api.ts";

/** Tag by which the official provider knows the pool that a cluster was created with. */
export const defaultPoolTag = "terraform:default-node-pool";

/** A node pool, as the API shows it. */
export interface ApiPool {
  id: string;
  name: string;
  size: string;
  count: number;
  tags?: string[];
  labels?: Record<string, string> | null;
  taints?: { key: string; value: string; effect: string }[] | null;
  auto_scale?: boolean;
  min_nodes?: number;
  max_nodes?: number;
  gpu_partition_mode?: string;
  nodes?: {
    id: string;
    name: string;
    status?: { state: string };
    droplet_id?: string;
    created_at: string;
    updated_at: string;
  }[];
}

const taint: Schema = {
  key: { type: "string", required: true },
  value: { type: "string", required: true },
  effect: { type: "string", required: true },
};
const node: Schema = {
  id: { type: "string", output: true },
  name: { type: "string", output: true },
  status: { type: "string", output: true },
  dropletId: { type: "string", output: true },
  createdAt: { type: "string", output: true },
  updatedAt: { type: "string", output: true },
};

/** Properties that a cluster's own pool and a separate one have alike. */
export const poolSchema = {
  actualNodeCount: { type: "number", output: true },
  autoScale: { type: "boolean", default: false },
  gpuPartitionMode: { type: "string", replaces: true },
  labels: { type: { map: "string" } },
  maxNodes: { type: "number" },
  minNodes: { type: "number" },
  name: { type: "string", required: true },
  // An autoscaler's choice is no difference from what the program asked for.
  nodeCount: { type: "number", unnoticed: ({ autoScale }) => autoScale === true },
  nodes: { type: { list: { object: node } }, output: true },
  size: { type: "string", required: true, replaces: true },
  tags: { type: { set: "string" } },
  taints: { type: { set: { object: taint } } },
} satisfies Record<Exclude<keyof types.output.KubernetesClusterNodePool, "id">, Property>;

/** What a request says of a pool; of an autoscaled one not how many nodes. `tag`: a further tag that it gets. */
export const poolRequest = (pool: Properties, tag?: string) => ({
  name: pool.name,
  count: pool.autoScale ? undefined : pool.nodeCount,
  tags: [...((pool.tags as string[] | undefined) ?? []), ...(tag ? [tag] : [])],
  labels: pool.labels ?? {},
  taints: pool.taints ?? [],
  auto_scale: pool.autoScale,
  ...(pool.autoScale ? { min_nodes: pool.minNodes, max_nodes: pool.maxNodes } : {}),
});

/** What a request for a new pool says. */
export const newPoolRequest = (pool: Properties, tag?: string) => ({
  ...poolRequest(pool, tag),
  count: pool.nodeCount,
  size: pool.size,
  ...(pool.gpuPartitionMode ? { gpu_partition_mode: pool.gpuPartitionMode } : {}),
});

/** Tags that a program gave: without DigitalOcean's own and the provider's. */
export const givenTags = (tags: string[] = []) => tags.filter((tag) => !/^(k8s$|k8s:|terraform:)/.test(tag));

/** A pool's state. */
export function poolState(
  pool: ApiPool,
): Omit<types.output.KubernetesClusterNodePool, "id"> & { id: string } {
  return {
    id: pool.id,
    name: pool.name,
    size: pool.size,
    actualNodeCount: pool.count,
    autoScale: pool.auto_scale ?? false,
    nodeCount: pool.count,
    ...(pool.auto_scale ? { minNodes: pool.min_nodes, maxNodes: pool.max_nodes } : {}),
    ...(pool.gpu_partition_mode ? { gpuPartitionMode: pool.gpu_partition_mode } : {}),
    labels: pool.labels ?? {},
    tags: givenTags(pool.tags),
    taints: pool.taints ?? [],
    nodes: (pool.nodes ?? []).map((one) => ({
      id: one.id,
      name: one.name,
      status: one.status?.state ?? "",
      dropletId: one.droplet_id ?? "",
      createdAt: one.created_at,
      updatedAt: one.updated_at,
    })),
  };
}

/** Path of a cluster's pools. */
export const poolsPath = (cluster: string) => `/v2/kubernetes/clusters/${cluster}/node_pools`;

/** Waits until a pool has as many nodes as it should, all running. Fails if the pool is gone. */
export async function poolRunning(
  api: Api,
  cluster: string,
  id: string,
  signal: AbortSignal,
): Promise<ApiPool> {
  return await api.poll(async () => {
    const { node_pool } = await api.request<{ node_pool: ApiPool }>(
      "GET",
      `${poolsPath(cluster)}/${id}`,
      signal,
    );
    const nodes = node_pool.nodes ?? [];
    const isReady = nodes.length === node_pool.count && nodes.every((one) => one.status?.state === "running");
    return isReady ? node_pool : undefined;
  }, signal);
}
