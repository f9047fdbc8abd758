import type { FastifyInstance } from "fastify";
import { describeVersion, nodeSizes, regions, sizes } from "./catalogue.ts";
import { paginate } from "./pagination.ts";
import type { State } from "./state.ts";

/** What can be chosen: Kubernetes versions, regions and sizes. */
export function optionRoutes(app: FastifyInstance, state: State): void {
  app.get("/v2/kubernetes/options", { config: { scope: "kubernetes:read" } }, async () => ({
    options: { versions: state.data.versions.map(describeVersion), regions, sizes: nodeSizes },
  }));

  app.get("/v2/regions", { config: { scope: "regions:read" } }, async (request) =>
    paginate(
      request,
      "regions",
      regions.map((region) => ({
        ...region,
        sizes: sizes.map((size) => size.slug),
        features: ["backups", "ipv6", "metadata", "storage", "image_transfer"],
        available: true,
      })),
    ),
  );

  app.get("/v2/sizes", { config: { scope: "sizes:read" } }, async (request) =>
    paginate(request, "sizes", sizes),
  );
}
