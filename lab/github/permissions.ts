import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { readBody } from "./requests.ts";
import type { Context } from "./server.ts";
import type { Repository, State } from "./state.ts";

/** What Actions may do in a repository. */
export interface ActionsPermissions {
  repository: number;
  enabled: boolean;
  allowedActions: "all" | "local_only" | "selected";
  shaPinningRequired: boolean;
  /** What `GITHUB_TOKEN` may do where a workflow does not say. */
  defaultWorkflowPermissions: "read" | "write";
  /** Whether `GITHUB_TOKEN` may create (and approve) pull requests at all. */
  canApprovePullRequestReviews: boolean;
}

/** What Actions may do in a repository; at first what GitHub gives a new one: the least. */
export function permissionsOf(state: State, repository: Repository): ActionsPermissions {
  const list = state.list<ActionsPermissions>("actionsPermissions");
  const known = list.find((one) => one.repository === repository.id);
  if (known) return known;
  const fresh: ActionsPermissions = {
    repository: repository.id,
    enabled: true,
    allowedActions: "all",
    shaPinningRequired: false,
    defaultWorkflowPermissions: "read",
    canApprovePullRequestReviews: false,
  };
  list.push(fresh);
  return fresh;
}

const permissionsSchema = z.object({
  enabled: z.boolean(),
  allowed_actions: z.enum(["all", "local_only", "selected"]).optional(),
  sha_pinning_required: z.boolean().optional(),
});
const workflowSchema = z.object({
  default_workflow_permissions: z.enum(["read", "write"]).optional(),
  can_approve_pull_request_reviews: z.boolean().optional(),
});

/** What Actions may do in a repository. */
export function permissionRoutes(app: FastifyInstance, context: Context): void {
  const { state } = context;
  const base = "/repos/:owner/:repo/actions/permissions";

  app.get(base, async (request) => {
    const repository = context.allowed(request, "administration", "read");
    const { enabled, allowedActions, shaPinningRequired } = permissionsOf(state, repository);
    return {
      enabled,
      ...(enabled ? { allowed_actions: allowedActions } : {}),
      sha_pinning_required: shaPinningRequired,
    };
  });

  app.put(base, async (request, reply) => {
    const repository = context.allowed(request, "administration", "write");
    const given = readBody(permissionsSchema, request);
    const permissions = permissionsOf(state, repository);
    permissions.enabled = given.enabled;
    permissions.allowedActions = given.allowed_actions ?? permissions.allowedActions;
    permissions.shaPinningRequired = given.sha_pinning_required ?? permissions.shaPinningRequired;
    state.save();
    return reply.code(204).send();
  });

  app.get(`${base}/workflow`, async (request) => {
    const permissions = permissionsOf(state, context.allowed(request, "administration", "read"));
    return {
      default_workflow_permissions: permissions.defaultWorkflowPermissions,
      can_approve_pull_request_reviews: permissions.canApprovePullRequestReviews,
    };
  });

  app.put(`${base}/workflow`, async (request, reply) => {
    const repository = context.allowed(request, "administration", "write");
    const given = readBody(workflowSchema, request);
    const permissions = permissionsOf(state, repository);
    permissions.defaultWorkflowPermissions =
      given.default_workflow_permissions ?? permissions.defaultWorkflowPermissions;
    permissions.canApprovePullRequestReviews =
      given.can_approve_pull_request_reviews ?? permissions.canApprovePullRequestReviews;
    state.save();
    return reply.code(204).send();
  });
}
