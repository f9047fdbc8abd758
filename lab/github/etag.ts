import { createHash } from "node:crypto";
import type { FastifyInstance } from "fastify";

const opaque = (tag: string) => tag.trim().replace(/^W\//, "");

/**
 * Gives each answer to a `GET` its ETag, and answers 304 without a body to a client that has it already
 * (docs.github.com, "Best practices for using the REST API": conditional requests). Must come before the
 * rate limit, for which a 304 is free.
 */
export function answerConditionally(app: FastifyInstance): void {
  app.addHook("onSend", async (request, reply, payload) => {
    if (!request.url.startsWith("/api/") || request.method !== "GET" || reply.statusCode !== 200)
      return payload;
    if (typeof payload !== "string" && !Buffer.isBuffer(payload)) return payload;
    const etag = `W/"${createHash("sha256").update(payload).digest("hex")}"`;
    void reply.headers({
      etag,
      "cache-control": `${request.actor ? "private" : "public"}, max-age=60, s-maxage=60`,
      vary: "Accept, Authorization, Cookie, X-GitHub-OTP",
    });
    const known = request.headers["if-none-match"];
    if (known === undefined) return payload;
    if (known.trim() !== "*" && !known.split(",").some((tag) => opaque(tag) === opaque(etag))) return payload;
    void reply.code(304).removeHeader("content-type").removeHeader("content-length");
    return null;
  });
}
