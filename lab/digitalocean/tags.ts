import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { notFound, parseBody, unprocessable } from "./errors.ts";
import { tagList } from "./nodePoolRequests.ts";
import { paginate } from "./pagination.ts";
import type { State } from "./state.ts";

/** Kinds of resources that a tag counts, by the type that a request names. Clusters and pools carry tags of their own. */
const kinds = {
  droplet: "droplets",
  image: "images",
  volume: "volumes",
  volume_snapshot: "volume_snapshots",
  database: "databases",
} as const;

const createSchema = z.object({ name: tagList.element });
const resourcesSchema = z.object({
  resources: z.array(
    z.object({
      resource_id: z.string().min(1),
      resource_type: z.enum(Object.keys(kinds) as (keyof typeof kinds)[]),
    }),
  ),
});

/** Makes tags known that a cluster or a pool was given: DigitalOcean makes them along with it. */
export function knowTags(state: State, tags: string[]): void {
  for (const tag of tags) state.data.tags[tag] ??= [];
}

interface TagParams {
  Params: { tag: string };
}

/** Tags, and what was tagged by hand. */
export function tagRoutes(app: FastifyInstance, state: State): void {
  const { tags } = state.data;
  const find = (name: string) => {
    const resources = Object.hasOwn(tags, name) ? tags[name] : undefined;
    if (!resources) throw notFound();
    return resources;
  };
  const show = (name: string) => {
    const resources = find(name);
    const counts = Object.entries(kinds).map(([type, plural]) => [
      plural,
      { count: resources.filter((resource) => resource.resource_type === type).length },
    ]);
    return { name, resources: { count: resources.length, ...(Object.fromEntries(counts) as object) } };
  };

  app.get("/v2/tags", { config: { scope: "tag:read" } }, async (request) =>
    paginate(request, "tags", Object.keys(tags).sort().map(show)),
  );

  app.post("/v2/tags", { config: { scope: "tag:create" } }, async (request, reply) => {
    const { name } = parseBody(createSchema, request.body);
    knowTags(state, [name]);
    state.save();
    return reply.code(201).send({ tag: show(name) });
  });

  app.get<TagParams>("/v2/tags/:tag", { config: { scope: "tag:read" } }, async (request) => ({
    tag: show(request.params.tag),
  }));

  app.delete<TagParams>("/v2/tags/:tag", { config: { scope: "tag:delete" } }, async (request, reply) => {
    const { tag } = request.params;
    find(tag);
    delete tags[tag];
    const without = (list: string[]) => list.filter((other) => other !== tag);
    for (const cluster of state.data.clusters) {
      cluster.tags = without(cluster.tags);
      for (const pool of cluster.node_pools) pool.tags = without(pool.tags);
    }
    state.save();
    return reply.code(204).send();
  });

  app.post<TagParams>(
    "/v2/tags/:tag/resources",
    { config: { scope: "tag:create" } },
    async (request, reply) => {
      const tagged = find(request.params.tag);
      const { resources } = parseBody(resourcesSchema, request.body);
      const isNew = (resource: (typeof resources)[number]) =>
        !tagged.some((other) => other.resource_id === resource.resource_id);
      if (!resources.length) throw unprocessable("validation error: resources must not be empty");
      tagged.push(...resources.filter(isNew));
      state.save();
      return reply.code(204).send();
    },
  );

  app.delete<TagParams>(
    "/v2/tags/:tag/resources",
    { config: { scope: "tag:delete" } },
    async (request, reply) => {
      const tagged = find(request.params.tag);
      const { resources } = parseBody(resourcesSchema, request.body);
      const gone = resources.map((resource) => resource.resource_id);
      tags[request.params.tag] = tagged.filter((resource) => !gone.includes(resource.resource_id));
      state.save();
      return reply.code(204).send();
    },
  );
}
