import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { issueApiToken } from "./authentication.ts";
import { compareVersions } from "./catalogue.ts";
import { parseBody } from "./errors.ts";
import { checkPattern, faultSchema } from "./faults.ts";
import type { RateLimit } from "./rateLimit.ts";
import type { State } from "./state.ts";

const apiTokenSchema = z.object({
  scopes: z.array(z.string()).min(1),
  expirySeconds: z.number().positive().optional(),
});
const clockSchema = z.object({ forwardSeconds: z.number().positive() });
const versionsSchema = z.object({ versions: z.array(z.string().regex(/^\d+\.\d+\.\d+-do\.\d+$/)).min(1) });
const rateLimitSchema = z.object({ perHour: z.int().min(0), perMinute: z.int().min(0) }).partial();

/** What DigitalOcean does not have: endpoints for `lab status` and for tests. `control.ts` is their client. */
export function controlRoutes(app: FastifyInstance, state: State, rateLimit: RateLimit): void {
  const { data, calls, faults } = state;

  app.get("/lab/status", async () => ({
    clusters: data.clusters.map(({ id, name, version, status }) => ({ id, name, version, status })),
    clusterTokens: data.clusterTokens.filter((token) => token.expiresAt > state.now()).length,
    calls: calls.length,
    faults: faults.length,
    now: state.timestamp(),
  }));

  app.get("/lab/calls", async () => ({ calls }));
  app.delete("/lab/calls", async (_request, reply) => {
    calls.length = 0;
    return reply.code(204).send();
  });

  app.post("/lab/faults", async (request, reply) => {
    faults.push(checkPattern(parseBody(faultSchema, request.body)));
    return reply.code(204).send();
  });
  app.delete("/lab/faults", async (_request, reply) => {
    faults.length = 0;
    return reply.code(204).send();
  });

  app.post("/lab/clock", async (request) => {
    data.clockOffset += parseBody(clockSchema, request.body).forwardSeconds * 1000;
    state.save();
    return { now: state.timestamp() };
  });

  app.post("/lab/cluster-tokens/expire", async () => {
    const expired = data.clusterTokens.filter((token) => token.expiresAt > state.now());
    for (const token of expired) token.expiresAt = state.now();
    state.save();
    return { expired: expired.length };
  });

  app.post("/lab/api-tokens", async (request, reply) => {
    const { scopes, expirySeconds } = parseBody(apiTokenSchema, request.body);
    return reply.code(201).send({ token: issueApiToken(state, scopes, expirySeconds) });
  });

  app.put("/lab/versions", async (request) => {
    const { versions } = parseBody(versionsSchema, request.body);
    data.versions = versions.sort((a, b) => compareVersions(b, a));
    state.save();
    return { versions: data.versions };
  });

  app.put("/lab/rate-limit", async (request) =>
    Object.assign(rateLimit, parseBody(rateLimitSchema, request.body)),
  );
}
