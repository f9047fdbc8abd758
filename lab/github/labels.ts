import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { notFound, validationFailed } from "./errors.ts";
import { page } from "./pagination.ts";
import { apiOf, readBody } from "./requests.ts";
import type { Context } from "./server.ts";
import { nodeId, type Repository, type State } from "./state.ts";

/** A label of a repository. */
export interface Label {
  id: number;
  repository: number;
  name: string;
  /** Six hex digits. */
  color: string;
  description: string | null;
}

/** Colour of a label that came into being with an issue: GitHub's own grey. */
const defaultColor = "ededed";

const labelSchema = z.object({
  name: z.string().min(1),
  color: z
    .string()
    .regex(/^[0-9a-fA-F]{6}$/)
    .default(defaultColor),
  description: z.string().max(100).nullable().default(null),
});

/** Labels as a request names them: plain names, or objects with a `name`. */
export const labelNames = z.array(
  z.union([z.string(), z.object({ name: z.string() }).transform(({ name }) => name)]),
);

const labelsOf = (state: State, repository: Repository) =>
  state.list<Label>("labels").filter((label) => label.repository === repository.id);

/** The repository's label of this name, whatever its case. */
export const findLabel = (state: State, repository: Repository, name: string) =>
  labelsOf(state, repository).find((label) => label.name.toLowerCase() === name.toLowerCase());

/** The label of this id. */
export const labelById = (state: State, id: number) =>
  state.list<Label>("labels").find((label) => label.id === id);

/** The repository's label of this name, made where there is none. */
export function knowLabel(
  state: State,
  repository: Repository,
  given: Pick<Label, "name"> & Partial<Label>,
): Label {
  const known = findLabel(state, repository, given.name);
  if (known) return known;
  const label: Label = {
    color: defaultColor,
    description: null,
    ...given,
    id: state.nextId(),
    repository: repository.id,
  };
  state.list<Label>("labels").push(label);
  return label;
}

/** A label as the API shows it. */
export function labelJson(context: Context, repository: Repository, label: Label) {
  const { id, name, description, color } = label;
  return {
    id,
    node_id: nodeId("Label", id),
    url: `${apiOf(context, repository)}/labels/${encodeURIComponent(name)}`,
    name,
    description,
    color,
    default: false,
  };
}

interface LabelParams {
  Params: { owner: string; repo: string; name: string };
}

/** Labels of a repository. */
export function labelRoutes(app: FastifyInstance, context: Context): void {
  const { state } = context;
  const base = "/repos/:owner/:repo/labels";
  const mustFind = (repository: Repository, name: string) => {
    const label = findLabel(state, repository, name);
    if (!label) throw notFound();
    return label;
  };

  app.get(base, async (request, reply) => {
    const repository = context.allowed(request, "issues", "read");
    return page(request, reply, context.url, labelsOf(state, repository)).map((label) =>
      labelJson(context, repository, label),
    );
  });

  app.post(base, async (request, reply) => {
    const repository = context.allowed(request, "issues", "write");
    const given = readBody(labelSchema, request);
    if (findLabel(state, repository, given.name))
      throw validationFailed({ resource: "Label", code: "already_exists", field: "name" });
    const shown = labelJson(context, repository, knowLabel(state, repository, given));
    state.save();
    return reply.code(201).header("location", shown.url).send(shown);
  });

  app.get<LabelParams>(`${base}/:name`, async (request) => {
    const repository = context.allowed(request, "issues", "read");
    return labelJson(context, repository, mustFind(repository, request.params.name));
  });

  app.delete<LabelParams>(`${base}/:name`, async (request, reply) => {
    const repository = context.allowed(request, "issues", "write");
    const label = mustFind(repository, request.params.name);
    const labels = state.list<Label>("labels");
    labels.splice(labels.indexOf(label), 1);
    for (const issue of state.list<{ labels: number[] }>("issues"))
      issue.labels = issue.labels.filter((id) => id !== label.id);
    state.save();
    return reply.code(204).send();
  });
}
