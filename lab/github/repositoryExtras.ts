import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { notFound, unprocessable } from "./errors.ts";
import { createRepository, repositoryJson } from "./repositories.ts";
import { actorOf, readBody } from "./requests.ts";
import type { Context } from "./server.ts";

const topicsSchema = z.object({ names: z.array(z.string()).max(20) });
const forkSchema = z.object({
  name: z.string().optional(),
  organization: z.string().optional(),
  default_branch_only: z.boolean().optional(),
});

/** What a repository has beside its content: topics, alerts, forks. */
export function repositoryExtraRoutes(app: FastifyInstance, context: Context): void {
  const { state } = context;
  const base = "/repos/:owner/:repo";

  app.get(`${base}/topics`, async (request) => ({ names: context.repositoryOf(request).topics ?? [] }));
  app.put(`${base}/topics`, async (request) => {
    const repository = context.allowed(request, "administration", "write");
    const { names } = readBody(topicsSchema, request);
    if (names.some((name) => !/^[a-z0-9][a-z0-9-]{0,49}$/.test(name)))
      throw unprocessable("Validation Failed", [
        "Topics must start with a lowercase letter or number, consist of 50 characters or less, and can include hyphens.",
      ]);
    repository.topics = [...new Set(names)].sort();
    state.save();
    return { names: repository.topics };
  });

  app.get(`${base}/vulnerability-alerts`, async (request, reply) => {
    const repository = context.allowed(request, "administration", "read");
    if (!repository.vulnerabilityAlerts) throw notFound();
    return reply.code(204).send();
  });
  for (const [method, enabled] of [
    ["PUT", true],
    ["DELETE", false],
  ] as const)
    app.route({
      method,
      url: `${base}/vulnerability-alerts`,
      handler: async (request, reply) => {
        context.allowed(request, "administration", "write").vulnerabilityAlerts = enabled;
        state.save();
        return reply.code(204).send();
      },
    });

  app.get(`${base}/forks`, async (request) => {
    const { id } = context.allowed(request, "contents", "read");
    return state.data.repositories
      .filter(({ parent }) => parent === id)
      .map((one) => repositoryJson(context, one, request));
  });
  app.post(`${base}/forks`, async (request, reply) => {
    const parent = context.allowed(request, "contents", "read");
    const { name = parent.name, organization } = readBody(forkSchema, request);
    const owner = organization ?? actorOf(request).user.login;
    if (!state.user(owner)) throw notFound();
    const there = state.repository(owner, name);
    const fork = there ?? (await createRepository(context, owner, { name, private: parent.private }, parent));
    return reply.code(202).send(repositoryJson(context, fork, request));
  });
}
