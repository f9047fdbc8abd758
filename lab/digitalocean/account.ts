import type { FastifyInstance } from "fastify";
import { dropletLimit } from "./nodePoolRequests.ts";
import type { State } from "./state.ts";

/** The one account of the lab. */
export const accountOwner = {
  email: "lab@slipway.invalid",
  name: "Slipway Lab",
  uuid: "5119a9ac-c0de-4000-8000-000000000001",
};
const team = { uuid: "5119a9ac-c0de-4000-8000-000000000002", name: "Slipway Lab" };
const projectId = "5119a9ac-c0de-4000-8000-000000000003";

/** The account and its default project. */
export function accountRoutes(app: FastifyInstance, state: State): void {
  app.get("/v2/account", { config: { scope: "account:read" } }, async () => ({
    account: {
      droplet_limit: dropletLimit,
      floating_ip_limit: 3,
      ...accountOwner,
      email_verified: true,
      status: "active",
      status_message: "",
      team,
    },
  }));

  const since = state.timestamp();
  app.get("/v2/projects/default", { config: { scope: "project:read" } }, async () => ({
    project: {
      id: projectId,
      owner_uuid: team.uuid,
      owner_id: 1,
      name: "first-project",
      description: "Update your project information under Settings",
      purpose: "Just trying out DigitalOcean",
      environment: "Development",
      is_default: true,
      created_at: since,
      updated_at: since,
    },
  }));
}
