import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { hashOf } from "./authentication.ts";
import type { ClusterParams } from "./clusters.ts";
import { clusterUser } from "./credentials.ts";
import { parseBody } from "./errors.ts";
import type { State } from "./state.ts";

const reviewSchema = z.object({
  apiVersion: z.literal("authentication.k8s.io/v1"),
  kind: z.literal("TokenReview"),
  spec: z.object({ token: z.string(), audiences: z.array(z.string()).optional() }),
});

/**
 * The webhook that a cluster's kube-apiserver asks about bearer tokens: `POST /lab/token-review/CLUSTER`
 * with a TokenReview (kubernetes.io/docs/reference/access-authn-authz/authentication, "Webhook Token
 * Authentication"). Says yes to a token that was issued for that cluster and has not ended.
 */
export function tokenReviewRoute(app: FastifyInstance, state: State): void {
  app.post<ClusterParams>("/lab/token-review/:cluster", async (request) => {
    const { apiVersion, kind, spec } = parseBody(reviewSchema, request.body);
    const hash = hashOf(spec.token);
    const token = state.data.clusterTokens.find((known) => known.hash === hash);
    const refusal =
      token?.clusterId !== request.params.cluster
        ? "unknown token"
        : token.expiresAt <= state.now()
          ? "the token has expired"
          : undefined;
    return {
      apiVersion,
      kind,
      status: refusal
        ? { authenticated: false, error: refusal }
        : {
            authenticated: true,
            user: clusterUser,
            ...(spec.audiences ? { audiences: spec.audiences } : {}),
          },
    };
  });
}
