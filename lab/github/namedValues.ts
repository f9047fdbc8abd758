import { findEnvironment } from "./environments.ts";
import { unprocessable } from "./errors.ts";
import type { Repository, State } from "./state.ts";

/** What secrets and variables of Actions have in common. */
export interface NamedValue {
  repository: number;
  /** Id of the environment; null for the repository's own. */
  environment: number | null;
  /** In capitals, as GitHub keeps it. */
  name: string;
  value: string;
}

/** Whose secrets or variables a request is about. */
export interface Owner {
  repository: Repository;
  environment: number | null;
}

/** Whether something belongs to this repository or environment. */
export const owned =
  ({ repository, environment }: Owner) =>
  (one: Pick<NamedValue, "repository" | "environment">) =>
    one.repository === repository.id && one.environment === environment;

/** What a job sees of a list: the repository's own, and over them those of its environment. */
export function valuesFor(
  state: State,
  list: "secrets" | "variables",
  repository: Repository,
  environment?: string,
): Record<string, string> {
  const found = environment === undefined ? undefined : findEnvironment(state, repository, environment);
  const of = (id: number | null) =>
    state
      .list<NamedValue>(list)
      .filter(owned({ repository, environment: id }))
      .map(({ name, value }): [string, string] => [name, value]);
  return Object.fromEntries([...of(null), ...(found ? of(found.id) : [])]);
}

/** What GitHub takes as a name of a secret or variable (docs.github.com, "Naming your secrets"). */
export function checkName(kind: "Secret" | "Variable", name: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    throw unprocessable(
      `${kind} names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). Spaces are not allowed. Must start with a letter ([a-z], [A-Z]) or underscores (_).`,
    );
  if (/^GITHUB_/i.test(name)) throw unprocessable(`${kind} names must not start with GITHUB_.`);
  return name.toUpperCase();
}
