import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { findCluster, type ClusterParams } from "./clusters.ts";
import { notFound, parseBody, unprocessable } from "./errors.ts";
import type { Lifecycle } from "./lifecycle.ts";
import {
  changePool,
  checkDropletLimit,
  checkPoolNames,
  createPoolSchema,
  newPool,
  resize,
  updatePoolSchema,
} from "./nodePoolRequests.ts";
import type { NodePool, State } from "./state.ts";
import { knowTags } from "./tags.ts";

type PoolParams = ClusterParams & { Params: { pool: string } };

const recycleSchema = z.object({ nodes: z.array(z.string()).nullish() });
const base = "/v2/kubernetes/clusters/:cluster/node_pools";

/**
 * Node pools and their nodes. Nodes exist in the API only, except the first one of a cluster's first
 * pool: it is the lab's real node, and stays on the machine even if the API is told to delete it.
 */
export function nodePoolRoutes(app: FastifyInstance, state: State, lifecycle: Lifecycle): void {
  const find = (clusterId: string, poolId: string) => {
    const cluster = findCluster(state, clusterId);
    const pool = cluster.node_pools.find((candidate) => candidate.id === poolId);
    if (!pool) throw notFound();
    return { cluster, pool };
  };
  const changed = (cluster: ReturnType<typeof findCluster>, pool?: NodePool) => {
    cluster.updated_at = state.timestamp();
    if (pool) knowTags(state, pool.tags);
    lifecycle.settle(cluster);
    state.save();
  };

  app.get<ClusterParams>(base, { config: { scope: "kubernetes:read" } }, async (request) => ({
    node_pools: findCluster(state, request.params.cluster).node_pools,
  }));

  app.post<ClusterParams>(base, { config: { scope: "kubernetes:create" } }, async (request, reply) => {
    const cluster = findCluster(state, request.params.cluster);
    const pool = newPool(state, cluster.id, parseBody(createPoolSchema, request.body));
    const pools = [...cluster.node_pools, pool];
    checkPoolNames(pools);
    checkDropletLimit(pools);
    cluster.node_pools = pools;
    changed(cluster, pool);
    return reply.code(201).send({ node_pool: pool });
  });

  app.get<PoolParams>(`${base}/:pool`, { config: { scope: "kubernetes:read" } }, async (request) => ({
    node_pool: find(request.params.cluster, request.params.pool).pool,
  }));

  app.put<PoolParams>(`${base}/:pool`, { config: { scope: "kubernetes:update" } }, async (request, reply) => {
    const { cluster, pool } = find(request.params.cluster, request.params.pool);
    const next = structuredClone(pool);
    changePool(state, cluster.id, next, parseBody(updatePoolSchema, request.body));
    const pools = cluster.node_pools.map((other) => (other === pool ? next : other));
    checkPoolNames(pools);
    checkDropletLimit(pools);
    cluster.node_pools = pools;
    changed(cluster, next);
    return reply.code(202).send({ node_pool: next });
  });

  app.delete<PoolParams>(
    `${base}/:pool`,
    { config: { scope: "kubernetes:delete" } },
    async (request, reply) => {
      const { cluster, pool } = find(request.params.cluster, request.params.pool);
      if (cluster.node_pools.length === 1)
        throw unprocessable("validation error: the last node pool of a cluster can not be deleted");
      cluster.node_pools = cluster.node_pools.filter((other) => other !== pool);
      changed(cluster);
      return reply.code(204).send();
    },
  );

  app.post<PoolParams>(
    `${base}/:pool/recycle`,
    { config: { scope: "kubernetes:update" } },
    async (request, reply) => {
      const { cluster, pool } = find(request.params.cluster, request.params.pool);
      const { nodes } = parseBody(recycleSchema, request.body);
      for (const node of pool.nodes) if (nodes?.includes(node.id)) node.status = { state: "deleting" };
      resize(state, pool, pool.count);
      changed(cluster);
      return reply.code(202).send();
    },
  );

  app.delete<PoolParams & { Params: { node: string }; Querystring: { replace?: string } }>(
    `${base}/:pool/nodes/:node`,
    { config: { scope: "kubernetes:delete" } },
    async (request, reply) => {
      const { cluster, pool } = find(request.params.cluster, request.params.pool);
      const node = pool.nodes.find((candidate) => candidate.id === request.params.node);
      if (!node) throw notFound();
      const replace = ["1", "true"].includes(request.query.replace ?? "");
      const lost = node.status.state === "deleting" || replace ? 0 : 1;
      node.status = { state: "deleting" };
      resize(state, pool, pool.count - lost);
      changed(cluster);
      return reply.code(202).send();
    },
  );
}
