import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { findEnvironment } from "./environments.ts";
import { GitHubError, notFound } from "./errors.ts";
import { checkName, type NamedValue, owned, type Owner, valuesFor } from "./namedValues.ts";
import { page } from "./pagination.ts";
import { readBody } from "./requests.ts";
import type { Context } from "./server.ts";
import type { Repository, State } from "./state.ts";

/** An Actions variable of a repository, or of one of its environments. */
export interface Variable extends NamedValue {
  createdAt: string;
  updatedAt: string;
}

/** The variables that a job sees: the repository's, and over them those of its environment. */
export const variablesFor = (state: State, repository: Repository, environment?: string) =>
  valuesFor(state, "variables", repository, environment);

const variableSchema = z.object({ name: z.string().min(1), value: z.string().max(48 * 1024) });

interface VariableParams {
  Params: { owner: string; repo: string; environment: string; name: string };
}
type FindOwner = (request: FastifyRequest<VariableParams>, level: "read" | "write") => Owner;

/** Actions variables of a repository and of its environments. */
export function variableRoutes(app: FastifyInstance, context: Context): void {
  variableRoutesAt(app, context, "/repos/:owner/:repo/actions/variables", (request, level) => ({
    repository: context.allowed(request, "actions_variables", level),
    environment: null,
  }));
  const base = "/repos/:owner/:repo/environments/:environment/variables";
  variableRoutesAt(app, context, base, (request, level) => {
    const repository = context.allowed(request, "environments", level);
    const environment = findEnvironment(context.state, repository, request.params.environment);
    if (!environment) throw notFound();
    return { repository, environment: environment.id };
  });
}

function variableRoutesAt(app: FastifyInstance, context: Context, base: string, findOwner: FindOwner): void {
  const { state } = context;
  const variables = state.list<Variable>("variables");
  const find = (owner: Owner, name: string) =>
    variables.filter(owned(owner)).find((variable) => variable.name === name.toUpperCase());
  const mustFind = (owner: Owner, name: string) => {
    const variable = find(owner, name);
    if (!variable) throw notFound();
    return variable;
  };
  const show = ({ name, value, createdAt, updatedAt }: Variable) => ({
    name,
    value,
    created_at: createdAt,
    updated_at: updatedAt,
  });

  app.get<VariableParams>(base, async (request, reply) => {
    const own = variables.filter(owned(findOwner(request, "read")));
    own.sort((a, b) => a.name.localeCompare(b.name));
    // Unlike other lists, GitHub's has 10 to a page, and at most 30.
    const query = request.query as { per_page?: string };
    query.per_page = String(Math.min(30, Number(query.per_page ?? 10)));
    return { total_count: own.length, variables: page(request, reply, context.url, own).map(show) };
  });

  app.post<VariableParams>(base, async (request, reply) => {
    const owner = findOwner(request, "write");
    const given = readBody(variableSchema, request);
    const name = checkName("Variable", given.name);
    if (find(owner, name)) throw new GitHubError(409, "Already exists - Variable already exists");
    const { repository, environment } = owner;
    const now = state.timestamp();
    variables.push({
      repository: repository.id,
      environment,
      name,
      value: given.value,
      createdAt: now,
      updatedAt: now,
    });
    state.save();
    return reply.code(201).send({});
  });

  app.get<VariableParams>(`${base}/:name`, async (request) =>
    show(mustFind(findOwner(request, "read"), request.params.name)),
  );

  app.patch<VariableParams>(`${base}/:name`, async (request, reply) => {
    const variable = mustFind(findOwner(request, "write"), request.params.name);
    const { name, value } = readBody(variableSchema.partial(), request);
    Object.assign(variable, {
      ...(name === undefined ? {} : { name: checkName("Variable", name) }),
      ...(value === undefined ? {} : { value }),
      updatedAt: state.timestamp(),
    });
    state.save();
    return reply.code(204).send();
  });

  app.delete<VariableParams>(`${base}/:name`, async (request, reply) => {
    const variable = mustFind(findOwner(request, "write"), request.params.name);
    variables.splice(variables.indexOf(variable), 1);
    state.save();
    return reply.code(204).send();
  });
}
