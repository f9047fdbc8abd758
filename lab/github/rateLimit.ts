import type { FastifyInstance } from "fastify";

const limit = 5000;
const hourMs = 3_600_000;

/** Requests that a token may make in an hour, and the headers that say how many are left. */
export function limitRate(app: FastifyInstance): void {
  const used = new Map<string, { count: number; reset: number }>();
  app.addHook("onRequest", async (request, reply) => {
    if (!request.url.startsWith("/api/")) return;
    const key = request.actor?.token.token ?? request.ip;
    const now = Date.now();
    const before = used.get(key);
    const window = before && before.reset > now ? before : { count: 0, reset: now + hourMs };
    if (!request.url.startsWith("/api/v3/rate_limit")) window.count++;
    used.set(key, window);
    void reply.headers({
      "x-ratelimit-limit": limit,
      "x-ratelimit-remaining": Math.max(0, limit - window.count),
      "x-ratelimit-used": window.count,
      "x-ratelimit-reset": Math.floor(window.reset / 1000),
      "x-ratelimit-resource": "core",
    });
  });
  app.get("/api/v3/rate_limit", async (request) => {
    const window = used.get(request.actor?.token.token ?? request.ip);
    const count = window?.count ?? 0;
    const core = {
      limit,
      used: count,
      remaining: Math.max(0, limit - count),
      reset: Math.floor((window?.reset ?? Date.now() + hourMs) / 1000),
    };
    return { resources: { core, search: core, graphql: core }, rate: core };
  });
}
