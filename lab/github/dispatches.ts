import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { unprocessable } from "./errors.ts";
import { originOf, readBody, tellOnDefaultBranch } from "./requests.ts";
import type { Context } from "./server.ts";

const schema = z.object({
  event_type: z.string().min(1).max(100),
  client_payload: z.record(z.string(), z.unknown()).default({}),
});

/** `repository_dispatch`: an event of somebody's own, told to the workflows of the default branch. */
export function dispatchRoutes(app: FastifyInstance, context: Context): void {
  app.post("/repos/:owner/:repo/dispatches", async (request, reply) => {
    const repository = context.allowed(request, "contents", "write");
    const { event_type, client_payload } = readBody(schema, request);
    if (Object.keys(client_payload).length > 10)
      throw unprocessable(
        "Invalid request.\n\nNo more than 10 properties are allowed; `client_payload` has more.",
      );
    await tellOnDefaultBranch(context, {
      ...originOf(request),
      name: "repository_dispatch",
      action: event_type,
      repository,
      payload: { action: event_type, branch: repository.defaultBranch, client_payload },
    });
    return reply.code(204).send();
  });
}
