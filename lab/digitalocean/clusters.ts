import type { FastifyInstance } from "fastify";
import { describeVersion, compareVersions, upgradesOf } from "./catalogue.ts";
import {
  changeCluster,
  createClusterSchema,
  newCluster,
  resolveVersion,
  updateClusterSchema,
  upgradeSchema,
} from "./clusterRequests.ts";
import { notFound, parseBody, unprocessable } from "./errors.ts";
import type { Lifecycle } from "./lifecycle.ts";
import { paginate } from "./pagination.ts";
import type { Cluster, State } from "./state.ts";
import { knowTags } from "./tags.ts";

/** Parameters of a route below a cluster. */
export interface ClusterParams {
  Params: { cluster: string };
}

/** Clusters that the lab's machine can run at a time. */
export const clusterLimit = 1;

/** The cluster of that id. Fails with 404. */
export function findCluster(state: State, id: string): Cluster {
  const cluster = state.data.clusters.find((candidate) => candidate.id === id);
  if (!cluster) throw notFound();
  return cluster;
}

const base = "/v2/kubernetes/clusters";

/**
 * Clusters. A cluster is `provisioning` while the backend starts it, `running` then, `upgrading` for a
 * moment (the version changes in the API only), and `deleting` until the backend has ended it. A second
 * cluster is refused; one that waits for the end of a deleted one is not.
 */
export function clusterRoutes(app: FastifyInstance, state: State, lifecycle: Lifecycle): void {
  const { data } = state;

  app.get(base, { config: { scope: "kubernetes:read" } }, async (request) =>
    paginate(request, "kubernetes_clusters", data.clusters),
  );

  app.post(base, { config: { scope: "kubernetes:create" } }, async (request, reply) => {
    const cluster = newCluster(state, parseBody(createClusterSchema, request.body));
    const others = data.clusters.filter((other) => other.status.state !== "deleting");
    if (others.some((other) => other.name === cluster.name))
      throw unprocessable(`validation error: a cluster with the name "${cluster.name}" already exists`);
    if (others.length >= clusterLimit)
      throw unprocessable(`Kubernetes cluster limit reached: this account can have ${clusterLimit}`);
    data.clusters.push(cluster);
    for (const tagged of [cluster, ...cluster.node_pools]) knowTags(state, tagged.tags);
    state.save();
    const answer = { kubernetes_cluster: structuredClone(cluster) };
    lifecycle.start(cluster);
    return reply.code(201).send(answer);
  });

  app.get<ClusterParams>(`${base}/:cluster`, { config: { scope: "kubernetes:read" } }, async (request) => ({
    kubernetes_cluster: findCluster(state, request.params.cluster),
  }));

  app.put<ClusterParams>(
    `${base}/:cluster`,
    { config: { scope: "kubernetes:update" } },
    async (request, reply) => {
      const cluster = findCluster(state, request.params.cluster);
      changeCluster(state, cluster, parseBody(updateClusterSchema, request.body));
      knowTags(state, cluster.tags);
      state.save();
      return reply.code(202).send({ kubernetes_cluster: cluster });
    },
  );

  const remove = (id: string) => {
    const cluster = findCluster(state, id);
    if (cluster.status.state !== "deleting") lifecycle.remove(cluster);
    state.save();
  };
  const removal = { config: { scope: "kubernetes:delete" } };
  app.delete<ClusterParams>(`${base}/:cluster`, removal, async (request, reply) => {
    remove(request.params.cluster);
    return reply.code(204).send();
  });

  // Load balancers and volumes of a cluster: the lab has neither.
  const associated = `${base}/:cluster/destroy_with_associated_resources`;
  app.get<ClusterParams>(associated, { config: { scope: "kubernetes:read" } }, async (request) => {
    findCluster(state, request.params.cluster);
    return { load_balancers: [], volumes: [], volume_snapshots: [] };
  });
  for (const way of ["selective", "dangerous"])
    app.delete<ClusterParams>(`${associated}/${way}`, removal, async (request, reply) => {
      remove(request.params.cluster);
      return reply.code(204).send();
    });

  app.get<ClusterParams>(
    `${base}/:cluster/upgrades`,
    { config: { scope: "kubernetes:read" } },
    async (request) => {
      const { version } = findCluster(state, request.params.cluster);
      return { available_upgrade_versions: upgradesOf(version, data.versions).map(describeVersion) };
    },
  );

  app.post<ClusterParams>(
    `${base}/:cluster/upgrade`,
    { config: { scope: "kubernetes:update" } },
    async (request, reply) => {
      const cluster = findCluster(state, request.params.cluster);
      const version = resolveVersion(data.versions, parseBody(upgradeSchema, request.body).version);
      if (cluster.status.state !== "running")
        throw unprocessable(`validation error: the cluster is ${cluster.status.state}, it must be running`);
      if (compareVersions(version, cluster.version) <= 0)
        throw unprocessable(
          `validation error: can not upgrade from ${cluster.version} to ${version}: not a newer version`,
        );
      if (!upgradesOf(cluster.version, data.versions).includes(version))
        throw unprocessable(
          `validation error: can not upgrade from ${cluster.version} to ${version}: only to the next minor version`,
        );
      lifecycle.upgrade(cluster, version);
      state.save();
      return reply.code(202).send();
    },
  );

  app.get<ClusterParams>(
    `${base}/:cluster/status_messages`,
    { config: { scope: "kubernetes:read" } },
    async (request) => {
      const { status, updated_at } = findCluster(state, request.params.cluster);
      return { messages: status.message ? [{ message: status.message, timestamp: updated_at }] : [] };
    },
  );
}
