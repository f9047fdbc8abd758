import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { notFound, validationFailed } from "./errors.ts";
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
