import type { FastifyInstance } from "fastify";
import { commentRoutes } from "./comments.ts";
import { environmentRoutes } from "./environments.ts";
import { issueRoutes } from "./issues.ts";
import { labelRoutes } from "./labels.ts";
import { permissionRoutes } from "./permissions.ts";
import { pullMergeRoutes } from "./pullMerge.ts";
import { pullRoutes } from "./pulls.ts";
import { secretRoutes } from "./secrets.ts";
import type { Context } from "./server.ts";
import { statusRoutes } from "./statuses.ts";
import { variableRoutes } from "./variables.ts";

/** The routes of everything that lies on top of repositories: pull requests, releases, Actions, ... */
export function subjectRoutes(app: FastifyInstance, context: Context): void {
  for (const routes of [
    secretRoutes,
    variableRoutes,
    environmentRoutes,
    permissionRoutes,
    labelRoutes,
    issueRoutes,
    commentRoutes,
    pullRoutes,
    pullMergeRoutes,
    statusRoutes,
  ])
    routes(app, context);
}
