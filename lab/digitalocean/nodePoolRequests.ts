import { randomInt, randomUUID } from "node:crypto";
import { z } from "zod";
import { nodeSizes } from "./catalogue.ts";
import { unprocessable } from "./errors.ts";
import type { Cluster, Node, NodePool, State } from "./state.ts";

/** Droplets that the account may have: as many as a new account's. */
export const dropletLimit = 25;

/** Name of a cluster or a node pool: a DNS label, as nodes are named after it. */
export const resourceName = z
  .string("is required")
  .max(63, "must have at most 63 characters")
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, {
    error: ({ input }) => `must consist of lower case letters, digits and dashes, got "${input}"`,
  });
export const tagList = z.array(
  z.string().regex(/^[\w:-]{1,255}$/, {
    error: ({ input }) => `a tag may contain letters, digits, colons, dashes and underscores, got "${input}"`,
  }),
);

const count = (name: string) =>
  z.int({ error: ({ input }) => `${name} must be a whole number, got ${JSON.stringify(input)}` }).min(0, {
    error: ({ input }) => `${name} must not be negative, got ${input}`,
  });
const taint = z.object({
  key: z.string().min(1),
  value: z.string().default(""),
  effect: z.enum(["NoSchedule", "PreferNoSchedule", "NoExecute"]),
});
/** DigitalOcean's Go client writes the fields of a taint with capitals, and DigitalOcean reads them. */
const lowerKeys = (value: unknown) =>
  value && typeof value === "object"
    ? Object.fromEntries(Object.entries(value).map(([key, field]) => [key.toLowerCase(), field as unknown]))
    : value;
const fields = {
  name: resourceName,
  count: count("count").nullish(),
  tags: tagList.nullish(),
  labels: z.record(z.string(), z.string()).nullish(),
  taints: z.array(z.preprocess(lowerKeys, taint)).nullish(),
  auto_scale: z.boolean().nullish(),
  min_nodes: count("min_nodes").nullish(),
  max_nodes: count("max_nodes").nullish(),
};

/** A pool in `POST …/clusters` and `POST …/node_pools`. */
export const createPoolSchema = z.object({
  ...fields,
  size: z.string("is required").refine((slug) => nodeSizes.some((size) => size.slug === slug), {
    error: ({ input }) => `invalid size slug "${input}"`,
  }),
});
/** Body of `PUT …/node_pools/ID`: what is left out stays. */
export const updatePoolSchema = z.object({ ...fields, name: resourceName.nullish() });

/** Tags that DigitalOcean itself gives to a pool of a cluster. */
const withOwnTags = (tags: string[], clusterId: string) => [
  ...new Set([...tags, "k8s", `k8s:${clusterId}`, "k8s:worker"]),
];

/** A new pool, its nodes `provisioning`. Fails with 422 for impossible numbers of nodes. */
export function newPool(
  state: State,
  clusterId: string,
  request: z.output<typeof createPoolSchema>,
): NodePool {
  const pool: NodePool = {
    id: randomUUID(),
    name: request.name,
    size: request.size,
    count: request.count ?? 0,
    tags: [],
    labels: {},
    taints: [],
    auto_scale: false,
    min_nodes: 0,
    max_nodes: 0,
    nodes: [],
  };
  changePool(state, clusterId, pool, { ...request, tags: request.tags ?? [] });
  return pool;
}

/** Changes a pool as a request says. Fails with 422, and leaves the pool as it is, for impossible numbers of nodes. */
export function changePool(
  state: State,
  clusterId: string,
  pool: NodePool,
  request: z.output<typeof updatePoolSchema>,
): void {
  const autoScale = request.auto_scale ?? pool.auto_scale;
  const min = autoScale ? (request.min_nodes ?? pool.min_nodes) : 0;
  const max = autoScale ? (request.max_nodes ?? pool.max_nodes) : 0;
  // An autoscaler's own choice within its limits: where no number was given, as few as it may.
  const wanted = request.count ?? pool.count;
  const nodes = autoScale ? (request.count ?? Math.min(Math.max(wanted, min, 1), max)) : wanted;
  if (autoScale && max < 1)
    throw unprocessable("validation error: max_nodes must be at least 1 with auto_scale");
  if (min > max)
    throw unprocessable(`validation error: min_nodes (${min}) must not exceed max_nodes (${max})`);
  if (autoScale && (nodes < min || nodes > max))
    throw unprocessable(
      `validation error: count (${nodes}) must be between min_nodes (${min}) and max_nodes (${max})`,
    );
  if (!autoScale && nodes < 1)
    throw unprocessable(`validation error: count must be at least 1, got ${nodes}`);
  Object.assign(pool, {
    name: request.name ?? pool.name,
    tags: withOwnTags(request.tags ?? pool.tags, clusterId),
    labels: request.labels ?? pool.labels,
    taints: request.taints ?? pool.taints,
    auto_scale: autoScale,
    min_nodes: min,
    max_nodes: max,
  });
  resize(state, pool, nodes);
}

/** Fails with 422 if a cluster of these pools would have more nodes than the account may have Droplets. */
export function checkDropletLimit(pools: NodePool[]): void {
  const wanted = pools.reduce((sum, pool) => sum + Math.max(pool.count, pool.max_nodes), 0);
  if (wanted > dropletLimit)
    throw unprocessable(`validation error: ${wanted} nodes exceed the droplet limit of ${dropletLimit}`);
}

/** Adds nodes that come up, or marks the newest as going, until `count` are left. */
export function resize(state: State, pool: NodePool, count: number): void {
  const staying = pool.nodes.filter((node) => node.status.state !== "deleting");
  for (const node of staying.slice(count)) node.status = { state: "deleting" };
  for (let i = staying.length; i < count; i++) pool.nodes.push(newNode(state, pool));
  pool.count = count;
}

function newNode(state: State, pool: NodePool): Node {
  const suffix = randomUUID().slice(0, 5);
  return {
    id: randomUUID(),
    name: `${pool.name}-${suffix}`,
    status: { state: "provisioning" },
    droplet_id: String(randomInt(400_000_000, 500_000_000)),
    created_at: state.timestamp(),
    updated_at: state.timestamp(),
  };
}

/** Fails with 422 if two pools of a cluster have one name. */
export function checkPoolNames(pools: Cluster["node_pools"]): void {
  const twice = pools.find((pool, i) => pools.findIndex((other) => other.name === pool.name) !== i);
  if (twice) throw unprocessable(`validation error: node pool name "${twice.name}" is used twice`);
}
