import type { FastifyInstance } from "fastify";
import { tooManyRequests } from "./errors.ts";
import type { State } from "./state.ts";

/** Requests that an account may make (docs.digitalocean.com/reference/api, "Rate Limit"). */
export interface RateLimit {
  /** In any hour; DigitalOcean's: 5,000. */
  perHour: number;
  /** In any minute; DigitalOcean's: 250, 5% of an hour's. */
  perMinute: number;
}
/** DigitalOcean's own limits. */
export const publishedRateLimit: RateLimit = { perHour: 5000, perMinute: 250 };

const minute = 60_000;
const hour = 60 * minute;

/**
 * Counts calls below `/v2` and refuses with 429 those over the limit, by the emulator's clock. Every
 * answer carries `ratelimit-limit` (of the hour), `ratelimit-remaining`, and `ratelimit-reset`, when the
 * oldest counted call is forgotten, in seconds since the epoch; a refusal also `retry-after`, in seconds.
 * The returned object may be changed while the server runs.
 */
export function limitRate(app: FastifyInstance, state: State): RateLimit {
  const limit = { ...publishedRateLimit };
  let made: number[] = [];
  app.addHook("onRequest", async (request, reply) => {
    if (!request.url.startsWith("/v2")) return;
    const now = state.now();
    made = made.filter((time) => time > now - hour);
    const recent = made.filter((time) => time > now - minute);
    const overHour = made.length >= limit.perHour;
    const refused = overHour || recent.length >= limit.perMinute;
    if (!refused) made.push(now);
    const reset = (made[0] ?? now) + hour;
    reply.headers({
      "ratelimit-limit": limit.perHour,
      "ratelimit-remaining": Math.max(0, limit.perHour - made.length),
      "ratelimit-reset": Math.ceil(reset / 1000),
    });
    if (!refused) return;
    const until = overHour ? reset : (recent[0] ?? now) + minute;
    reply.header("retry-after", Math.max(1, Math.ceil((until - now) / 1000)));
    throw tooManyRequests();
  });
  return limit;
}
