import type { FastifyInstance } from "fastify";
import { environmentRoutes } from "./environments.ts";
import { permissionRoutes } from "./permissions.ts";
import { secretRoutes } from "./secrets.ts";
import type { Context } from "./server.ts";
import { variableRoutes } from "./variables.ts";

/** The routes of everything that lies on top of repositories: pull requests, releases, Actions, ... */
export function subjectRoutes(app: FastifyInstance, context: Context): void {
  for (const routes of [secretRoutes, variableRoutes, environmentRoutes, permissionRoutes])
    routes(app, context);
}
