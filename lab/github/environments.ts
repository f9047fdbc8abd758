import type { FastifyInstance } from "fastify";
import picomatch from "picomatch";
import { z } from "zod";
import { notFound, unprocessable } from "./errors.ts";
import { page } from "./pagination.ts";
import { apiOf, htmlOf, readBody } from "./requests.ts";
import type { Context } from "./server.ts";
import { nodeId, type Repository, type State } from "./state.ts";
import { userJson } from "./users.ts";

/** A pattern of branches or tags that may deploy to an environment. */
export interface BranchPolicy {
  id: number;
  name: string;
  type: "branch" | "tag";
}

/** A deployment environment of a repository, and what protects it. */
export interface Environment {
  id: number;
  repository: number;
  name: string;
  /** Minutes that a job waits; 0 for none. */
  waitTimer: number;
  /** Ids of the users of whom one must approve. */
  reviewers: number[];
  preventSelfReview: boolean;
  canAdminsBypass: boolean;
  /** Which refs may deploy: null for all. */
  branchPolicy: { protected_branches: boolean; custom_branch_policies: boolean } | null;
  /** Used where `branchPolicy` has `custom_branch_policies`. */
  policies: BranchPolicy[];
  /** Ids of the protection rules as the API shows them, by their type. */
  ruleIds: Record<string, number>;
  createdAt: string;
  updatedAt: string;
}

const environmentsOf = (state: State, repository: Repository) =>
  state.list<Environment>("environments").filter((one) => one.repository === repository.id);

/** The environment of this name, whatever its case: GitHub takes `Prod` and `prod` for one. */
export const findEnvironment = (state: State, repository: Repository, name: string) =>
  environmentsOf(state, repository).find((one) => one.name.toLowerCase() === name.toLowerCase());

/** The environment of this name. GitHub makes one, without protection, when a job or deployment names it first. */
export function knowEnvironment(state: State, repository: Repository, name: string): Environment {
  const known = findEnvironment(state, repository, name);
  if (known) return known;
  const now = state.timestamp();
  const environment: Environment = {
    id: state.nextId(),
    repository: repository.id,
    name,
    waitTimer: 0,
    reviewers: [],
    preventSelfReview: false,
    canAdminsBypass: true,
    branchPolicy: null,
    policies: [],
    ruleIds: {},
    createdAt: now,
    updatedAt: now,
  };
  state.list<Environment>("environments").push(environment);
  state.save();
  return environment;
}

/**
 * Whether a job at this ref may deploy to the environment. The lab protects no branch, and where none is
 * protected GitHub lets every branch deploy to an environment that wants protected ones.
 */
export function mayDeployFrom({ branchPolicy, policies }: Environment, ref: string): boolean {
  if (!branchPolicy) return true;
  if (branchPolicy.protected_branches) return ref.startsWith("refs/heads/");
  const [, kind, name = ""] = /^refs\/(heads|tags)\/(.+)$/.exec(ref) ?? [];
  const type = kind === "tags" ? "tag" : "branch";
  // A pull request's ref is no branch's: its pattern has to name it in full.
  return policies.some((policy) => policy.type === type && picomatch.isMatch(kind ? name : ref, policy.name));
}

/** An environment's address, as other objects show it. */
export function environmentSummary(context: Context, repository: Repository, environment: Environment) {
  const { id, name, createdAt, updatedAt } = environment;
  return {
    id,
    node_id: nodeId("Environment", id),
    name,
    url: `${apiOf(context, repository)}/environments/${encodeURIComponent(name)}`,
    html_url: `${htmlOf(context, repository)}/deployments/activity_log?environments_filter=${encodeURIComponent(name)}`,
    created_at: createdAt,
    updated_at: updatedAt,
  };
}

/** The people who may approve, as the API shows them. */
export const reviewersJson = (context: Context, { reviewers }: Environment) =>
  context.state.data.users
    .filter((user) => reviewers.includes(user.id))
    .map((user) => ({ type: "User", reviewer: userJson(context, user) }));

function showEnvironment(context: Context, repository: Repository, environment: Environment) {
  const rule = (type: string, rest: object = {}) => {
    const id = (environment.ruleIds[type] ??= context.state.nextId());
    return { id, node_id: nodeId("GateRule", id), type, ...rest };
  };
  const { waitTimer, reviewers, preventSelfReview, branchPolicy } = environment;
  return {
    ...environmentSummary(context, repository, environment),
    can_admins_bypass: environment.canAdminsBypass,
    protection_rules: [
      ...(waitTimer ? [rule("wait_timer", { wait_timer: waitTimer })] : []),
      ...(reviewers.length
        ? [
            rule("required_reviewers", {
              prevent_self_review: preventSelfReview,
              reviewers: reviewersJson(context, environment),
            }),
          ]
        : []),
      ...(branchPolicy ? [rule("branch_policy")] : []),
    ],
    deployment_branch_policy: branchPolicy,
  };
}

const environmentSchema = z.object({
  wait_timer: z.number().int().min(0).max(43_200).nullish(),
  prevent_self_review: z.boolean().nullish(),
  can_admins_bypass: z.boolean().nullish(),
  reviewers: z
    .array(z.object({ type: z.enum(["User", "Team"]), id: z.number().int() }))
    .max(6)
    .nullish(),
  deployment_branch_policy: z
    .object({ protected_branches: z.boolean(), custom_branch_policies: z.boolean() })
    .nullish(),
});

const policySchema = z.object({
  name: z.string().min(1),
  type: z.enum(["branch", "tag"]).default("branch"),
});

interface EnvironmentParams {
  Params: { owner: string; repo: string; environment: string; policy: string };
}

/** Environments of a repository, their protection and the refs that may deploy to them. */
export function environmentRoutes(app: FastifyInstance, context: Context): void {
  const { state } = context;
  const base = "/repos/:owner/:repo/environments";
  const mustFind = (repository: Repository, name: string) => {
    const environment = findEnvironment(state, repository, name);
    if (!environment) throw notFound();
    return environment;
  };

  app.get(base, async (request, reply) => {
    const repository = context.allowed(request, "actions", "read");
    const own = environmentsOf(state, repository);
    return {
      total_count: own.length,
      environments: page(request, reply, context.url, own).map((one) =>
        showEnvironment(context, repository, one),
      ),
    };
  });

  app.get<EnvironmentParams>(`${base}/:environment`, async (request) => {
    const repository = context.allowed(request, "actions", "read");
    return showEnvironment(context, repository, mustFind(repository, request.params.environment));
  });

  app.put<EnvironmentParams>(`${base}/:environment`, async (request) => {
    const repository = context.allowed(request, "administration", "write");
    const given = readBody(environmentSchema, request);
    const policy = given.deployment_branch_policy ?? null;
    if (policy && policy.protected_branches === policy.custom_branch_policies)
      throw unprocessable("protected_branches and custom_branch_policies cannot have the same value");
    const reviewers = (given.reviewers ?? []).map(({ type, id }) => {
      if (type === "Team" || !state.data.users.some((user) => user.id === id))
        throw unprocessable(`Failed to create the environment protection rule: ${type} ${id} is no reviewer`);
      return id;
    });
    const environment = knowEnvironment(state, repository, request.params.environment);
    Object.assign(environment, {
      waitTimer: given.wait_timer ?? 0,
      preventSelfReview: given.prevent_self_review ?? false,
      canAdminsBypass: given.can_admins_bypass ?? true,
      reviewers,
      branchPolicy: policy,
      policies: policy?.custom_branch_policies ? environment.policies : [],
      updatedAt: state.timestamp(),
    });
    state.save();
    return showEnvironment(context, repository, environment);
  });

  app.delete<EnvironmentParams>(`${base}/:environment`, async (request, reply) => {
    const repository = context.allowed(request, "administration", "write");
    const environment = mustFind(repository, request.params.environment);
    // Its secrets, variables and key go with it.
    for (const name of ["secrets", "secretKeys", "variables"]) {
      const list = state.list<{ environment: number | null }>(name);
      const kept = list.filter((one) => one.environment !== environment.id);
      list.splice(0, list.length, ...kept);
    }
    const environments = state.list<Environment>("environments");
    environments.splice(environments.indexOf(environment), 1);
    state.save();
    return reply.code(204).send();
  });

  const policies = `${base}/:environment/deployment-branch-policies`;
  const showPolicy = ({ id, name, type }: BranchPolicy) => ({
    id,
    node_id: nodeId("DeploymentBranchPolicy", id),
    name,
    type,
  });
  const policyOf = (environment: Environment, id: string) => {
    const policy = environment.policies.find((one) => String(one.id) === id);
    if (!policy) throw notFound();
    return policy;
  };

  app.get<EnvironmentParams>(policies, async (request, reply) => {
    const repository = context.allowed(request, "actions", "read");
    const environment = mustFind(repository, request.params.environment);
    return {
      total_count: environment.policies.length,
      branch_policies: page(request, reply, context.url, environment.policies).map(showPolicy),
    };
  });

  app.post<EnvironmentParams>(policies, async (request, reply) => {
    const repository = context.allowed(request, "administration", "write");
    const environment = mustFind(repository, request.params.environment);
    const { name, type } = readBody(policySchema, request);
    if (!environment.branchPolicy?.custom_branch_policies) throw notFound();
    if (environment.policies.some((one) => one.name === name && one.type === type))
      return reply.code(303).send();
    const policy = { id: state.nextId(), name, type };
    environment.policies.push(policy);
    state.save();
    return showPolicy(policy);
  });

  app.get<EnvironmentParams>(`${policies}/:policy`, async (request) => {
    const repository = context.allowed(request, "actions", "read");
    return showPolicy(policyOf(mustFind(repository, request.params.environment), request.params.policy));
  });

  app.put<EnvironmentParams>(`${policies}/:policy`, async (request) => {
    const repository = context.allowed(request, "administration", "write");
    const policy = policyOf(mustFind(repository, request.params.environment), request.params.policy);
    policy.name = readBody(policySchema, request).name;
    state.save();
    return showPolicy(policy);
  });

  app.delete<EnvironmentParams>(`${policies}/:policy`, async (request, reply) => {
    const repository = context.allowed(request, "administration", "write");
    const environment = mustFind(repository, request.params.environment);
    const policy = policyOf(environment, request.params.policy);
    environment.policies.splice(environment.policies.indexOf(policy), 1);
    state.save();
    return reply.code(204).send();
  });
}
