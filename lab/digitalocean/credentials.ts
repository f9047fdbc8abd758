import { randomBytes } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { stringify } from "yaml";
import { accountOwner } from "./account.ts";
import { hashOf } from "./authentication.ts";
import { findCluster, type ClusterParams } from "./clusters.ts";
import { notFound, unprocessable } from "./errors.ts";
import type { State } from "./state.ts";

/** Life of a cluster token unless the request says otherwise: 7 days. */
const defaultExpirySeconds = 604_800;
/** Who a cluster token is, to Kubernetes. */
export const clusterUser = { username: accountOwner.email, groups: ["system:masters"] };

/** `expiry_seconds` of a query: a whole number; 0 means the default. */
function expirySeconds(value: string | undefined): number {
  if (value === undefined || value === "") return defaultExpirySeconds;
  if (!/^\d+$/.test(value)) throw unprocessable(`expiry_seconds must be a whole number, got "${value}"`);
  return Number(value) || defaultExpirySeconds;
}

type Route = ClusterParams & { Querystring: { expiry_seconds?: string } };
const base = "/v2/kubernetes/clusters/:cluster";
const access = { config: { scope: "kubernetes:access_cluster" } };

/** Tokens for a cluster, alone and within a kubeconfig. A cluster that has never run has none yet: 404. */
export function credentialRoutes(app: FastifyInstance, state: State): void {
  const issue = (id: string, query: Route["Querystring"]) => {
    const cluster = findCluster(state, id);
    const connection = state.data.connections[cluster.id];
    if (!connection) throw notFound();
    const expiresAt = state.now() + expirySeconds(query.expiry_seconds) * 1000;
    const token = `doo_lab_${randomBytes(32).toString("hex")}`;
    const { clusterTokens } = state.data;
    clusterTokens.splice(0, Infinity, ...clusterTokens.filter((known) => known.expiresAt > state.now()));
    clusterTokens.push({ hash: hashOf(token), clusterId: cluster.id, expiresAt });
    state.save();
    return { cluster, connection, token, expiresAt };
  };

  app.get<Route>(`${base}/credentials`, access, async (request) => {
    const { connection, token, expiresAt } = issue(request.params.cluster, request.query);
    return {
      server: connection.server,
      certificate_authority_data: connection.certificateAuthorityData,
      client_certificate_data: null,
      client_key_data: null,
      token,
      expires_at: state.timestamp(expiresAt),
    };
  });

  app.get<Route>(`${base}/kubeconfig`, access, async (request, reply) => {
    const { cluster, connection, token } = issue(request.params.cluster, request.query);
    const context = `do-${cluster.region}-${cluster.name}`;
    const user = `${context}-admin`;
    const kubeconfig = {
      apiVersion: "v1",
      clusters: [
        {
          cluster: {
            "certificate-authority-data": connection.certificateAuthorityData,
            server: connection.server,
          },
          name: context,
        },
      ],
      contexts: [{ context: { cluster: context, user }, name: context }],
      "current-context": context,
      kind: "Config",
      preferences: {},
      users: [{ name: user, user: { token } }],
    };
    return reply.type("application/yaml").send(stringify(kubeconfig, { lineWidth: 0 }));
  });

  app.get<ClusterParams>(`${base}/user`, { config: { scope: "kubernetes:read" } }, async (request) => {
    findCluster(state, request.params.cluster);
    return { kubernetes_cluster_user: clusterUser };
  });
}
