import { randomUUID } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { GitHubError } from "./errors.ts";

/** The version of the API that GitHub takes where a client names none. */
const apiVersion = "2022-11-28";

/**
 * What every answer of the API carries, and what every request must: GitHub refuses one that does not say
 * which program it comes from.
 */
export function answerHeaders(app: FastifyInstance): void {
  app.addHook("onRequest", async (request, reply) => {
    if (!request.url.startsWith("/api/")) return;
    void reply.headers({
      "x-github-request-id": randomUUID(),
      "x-github-media-type": "github.v3; format=json",
      "x-github-api-version-selected": request.headers["x-github-api-version"] ?? apiVersion,
    });
    if (!request.headers["user-agent"])
      throw new GitHubError(
        403,
        "Request forbidden by administrative rules. Please make sure your request has a User-Agent header.",
      );
  });
}
