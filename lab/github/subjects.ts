import type { FastifyInstance } from "fastify";
import { approvalRoutes } from "./approvals.ts";
import { commentRoutes } from "./comments.ts";
import { deploymentRoutes } from "./deployments.ts";
import { dispatchRoutes } from "./dispatches.ts";
import { environmentRoutes } from "./environments.ts";
import { issueRoutes } from "./issues.ts";
import { labelRoutes } from "./labels.ts";
import { permissionRoutes } from "./permissions.ts";
import { pullMergeRoutes } from "./pullMerge.ts";
import { pullRoutes } from "./pulls.ts";
import { releaseRoutes } from "./releases.ts";
import { refuseBareValues } from "./requests.ts";
import { runRoutes } from "./runRoutes.ts";
import { secretRoutes } from "./secrets.ts";
import type { Context } from "./server.ts";
import { statusRoutes } from "./statuses.ts";
import { variableRoutes } from "./variables.ts";
import { workflowRoutes } from "./workflows.ts";

/** The routes of everything that lies on top of repositories: pull requests, releases, Actions, ... */
export function subjectRoutes(app: FastifyInstance, context: Context): void {
  refuseBareValues(app);
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
    releaseRoutes,
    deploymentRoutes,
    workflowRoutes,
    dispatchRoutes,
    runRoutes,
    approvalRoutes,
  ])
    routes(app, context);
}
