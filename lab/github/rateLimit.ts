import type { FastifyInstance, FastifyRequest } from "fastify";
import { GitHubError } from "./errors.ts";

/** Requests in an hour (docs.github.com, "Rate limits for the REST API"). */
export interface RateLimit {
  /** Of a user, by all personal access tokens together; GitHub's: 5,000. */
  user: number;
  /** Of a workflow's token; GitHub's: 1,000 for each repository. */
  workflow: number;
  /** Of an address, without a token; GitHub's: 60. */
  anonymous: number;
}

/** GitHub's own limits. */
export const publishedRateLimit: RateLimit = { user: 5000, workflow: 1000, anonymous: 60 };

const hourMs = 3_600_000;

interface Window {
  limit: number;
  used: number;
  /** Milliseconds since the epoch. */
  reset: number;
}

declare module "fastify" {
  interface FastifyRequest {
    /** The hour that this request counts in. */
    rateWindow?: Window;
  }
}

function payer({ actor, ip }: FastifyRequest): { key: string; kind: keyof RateLimit; who: string } {
  if (!actor) return { key: ip, kind: "anonymous", who: ip };
  const { token, user } = actor;
  return token.kind === "installation"
    ? { key: String(token.repositories), kind: "workflow", who: `installation ID ${user.id}` }
    : { key: user.login, kind: "user", who: `user ID ${user.id}` };
}

const headersOf = ({ limit, used, reset }: Window) => ({
  "x-ratelimit-limit": limit,
  "x-ratelimit-remaining": Math.max(0, limit - used),
  "x-ratelimit-used": used,
  "x-ratelimit-reset": Math.ceil(reset / 1000),
  "x-ratelimit-resource": "core",
});

/**
 * Counts calls of the API, tells in each answer how many are left, and refuses with 403 those over the
 * limit. Looking at the limit is free, and so is an answer that says "not modified". The limits may be
 * changed while the server runs.
 */
export function limitRate(app: FastifyInstance, limits: RateLimit): void {
  const windows = new Map<string, Window>();
  const windowOf = (request: FastifyRequest) => {
    const { key, kind } = payer(request);
    const now = Date.now();
    const known = windows.get(key);
    const window = known && known.reset > now ? known : { limit: 0, used: 0, reset: now + hourMs };
    window.limit = limits[kind];
    windows.set(key, window);
    return window;
  };

  app.decorateRequest("rateWindow", undefined);
  app.addHook("onRequest", async (request, reply) => {
    if (!request.url.startsWith("/api/")) return;
    const window = windowOf(request);
    const free = request.url.startsWith("/api/v3/rate_limit");
    if (!free && window.used >= window.limit) {
      void reply.headers(headersOf(window));
      throw new GitHubError(403, `API rate limit exceeded for ${payer(request).who}.`);
    }
    if (free) return;
    window.used++;
    request.rateWindow = window;
  });
  app.addHook("onSend", async (request, reply) => {
    const window = request.rateWindow;
    if (!window) return;
    if (reply.statusCode === 304) window.used--;
    void reply.headers(headersOf(window));
  });

  app.get("/api/v3/rate_limit", async (request, reply) => {
    const window = windowOf(request);
    void reply.headers(headersOf(window));
    const { limit, used, reset } = window;
    const core = { limit, used, remaining: Math.max(0, limit - used), reset: Math.ceil(reset / 1000) };
    return { resources: { core, search: core, graphql: core }, rate: core };
  });
}
