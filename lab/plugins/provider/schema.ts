import { randomBytes } from "node:crypto";
import { isObject, unknown, type Properties, type Received, type Value } from "./values.ts";

/** Type of a property. */
export type Type =
  | "string"
  | "number"
  | "boolean"
  | { list: Type }
  /** A list whose order means nothing. */
  | { set: Type }
  | { map: Type }
  | { object: Schema };

/** A property of a resource, a function or the provider's config. */
export interface Property {
  type: Type;
  /** Whether a program has to give it. */
  required?: true;
  /** Value if a program gives none. */
  default?: Value;
  /** Whether the cloud chooses a value if a program gives none, which then is no difference. */
  computed?: true;
  /** Whether a program can't give it. */
  output?: true;
  secret?: true;
  /** Whether another value needs another resource. */
  replaces?: true | ((old: Value, wanted: Value) => boolean);
  /** Whether another value is no reason for an update, such as a password; may depend on its neighbours. */
  unnoticed?: true | ((inputs: Properties) => boolean);
}

/** Properties by name. */
export type Schema = Record<string, Property>;

/** What is wrong with a property. */
export interface Failure {
  /** Such as `nodePool.nodeCount`. */
  property: string;
  reason: string;
}

const dotted = (path: string) => path.slice(1).replaceAll("/", ".");

function expected(type: Type): string {
  if (typeof type === "string") return `a ${type}`;
  if ("list" in type || "set" in type) return "a list";
  return "an object";
}

function checkType(type: Type, value: Value, path: string, found: Received, failures: Failure[]): void {
  if (value === unknown) return;
  const wrong = () => {
    const isSecret = found.secrets.some((secret) => `${path}/`.startsWith(`${secret}/`));
    const shown = isSecret ? "a secret of another type" : JSON.stringify(value);
    failures.push({ property: dotted(path), reason: `must be ${expected(type)}, received ${shown}` });
  };
  if (typeof type === "string") {
    if (typeof value !== type) wrong();
  } else if ("list" in type || "set" in type) {
    const item = "list" in type ? type.list : type.set;
    if (!Array.isArray(value)) wrong();
    else value.forEach((one, i) => checkType(item, one, `${path}/${i}`, found, failures));
  } else if (!isObject(value)) wrong();
  else if ("map" in type)
    for (const [key, one] of Object.entries(value))
      checkType(type.map, one, `${path}/${key}`, found, failures);
  else checkObject(type.object, value, path, found, failures);
}

function checkObject(
  schema: Schema,
  values: Properties,
  path: string,
  found: Received,
  failures: Failure[],
): void {
  for (const [name, value] of Object.entries(values)) {
    if (name.startsWith("__")) continue;
    const property = schema[name];
    const at = `${path}/${name}`;
    if (!property) failures.push({ property: dotted(at), reason: "is no property; check the spelling" });
    else if (property.output) failures.push({ property: dotted(at), reason: "is an output; remove it" });
    else if (value !== null) checkType(property.type, value, at, found, failures);
  }
  for (const [name, property] of Object.entries(schema))
    if (property.required && (values[name] ?? null) === null)
      failures.push({ property: dotted(`${path}/${name}`), reason: "is missing; it has no default" });
}

/** What is wrong with properties that a program gives: types, unknown names, what is missing. */
export function findFailures(schema: Schema, found: Received): Failure[] {
  const failures: Failure[] = [];
  checkObject(schema, found.values, "", found, failures);
  return failures;
}

/**
 * Adds defaults. `__defaults` lists their names in each object, as the official plugins' bridge does:
 * by it, the next check tells a chosen name from a given one.
 */
export function withDefaults(schema: Schema, values: Properties): Properties {
  const result: Properties = {};
  const defaulted: string[] = [];
  for (const [name, value] of Object.entries(values)) {
    const type = schema[name]?.type;
    if (value === null || name === "__defaults") continue;
    const isNested = typeof type === "object" && "object" in type && isObject(value);
    result[name] = isNested ? withDefaults(type.object, value) : value;
  }
  for (const [name, property] of Object.entries(schema))
    if (property.default !== undefined && !(name in result)) {
      result[name] = property.default;
      defaulted.push(name);
    }
  return { ...result, __defaults: defaulted };
}

/** Chooses `name` if none is given: that of the last check, else the resource's own and 7 random digits. */
export function withName(inputs: Properties, olds: Properties, resource: string, seed: Buffer): Properties {
  if (inputs.name !== undefined) return inputs;
  const wasChosen = Array.isArray(olds.__defaults) && olds.__defaults.includes("name");
  const random = (seed.length >= 4 ? seed : randomBytes(4)).toString("hex").slice(0, 7);
  const name = wasChosen ? (olds.name as string) : `${resource}-${random}`;
  return { ...inputs, name, __defaults: [...(inputs.__defaults as string[]), "name"] };
}

/** Without what is not for the cloud: `__defaults`, at any depth. */
export function plain<T extends Value>(value: T): T {
  if (Array.isArray(value)) return value.map((item) => plain(item)) as T;
  if (!isObject(value)) return value;
  const entries = Object.entries(value).filter(([key]) => !key.startsWith("__"));
  return Object.fromEntries(entries.map(([key, item]) => [key, plain(item)])) as T;
}

/** A resource's state as a preview tells it: the inputs, and unknown what the cloud will choose. */
export function previewed(schema: Schema, inputs: Properties, old: Properties = {}): Properties {
  const result: Properties = {};
  for (const [name, { type, output, computed }] of Object.entries(schema)) {
    const given = inputs[name];
    const before = old[name];
    if (given === undefined) {
      if (before !== undefined && (output || computed)) result[name] = before;
      else if (output || computed) result[name] = unknown;
    } else if (typeof type === "object" && "object" in type && isObject(given))
      result[name] = previewed(type.object, given, isObject(before) ? before : {});
    else result[name] = given;
  }
  return result;
}

/** Paths of what is always secret in a resource's state. */
export const secretOutputs = (schema: Schema): string[] =>
  Object.entries(schema).flatMap(([name, { secret }]) => (secret ? [`/${name}`] : []));

/**
 * The provider's config without what the engine adds (`version`), and with what it sends as JSON text
 * (anything but a string) read. Text that is no JSON stays, for the check to complain of.
 */
export function known(schema: Schema, config: Properties): Properties {
  const entries = Object.entries(config).filter(([name]) => name in schema);
  return Object.fromEntries(
    entries.map(([name, value]) => {
      if (schema[name]?.type === "string" || typeof value !== "string") return [name, value];
      try {
        return [name, JSON.parse(value) as Value];
      } catch {
        return [name, value];
      }
    }),
  );
}

/**
 * Inputs that would make a resource's state: of what the inputs named before, or in an import (no
 * inputs) of everything that a program may give. Without defaults that the state confirms.
 */
export function inputsOf(schema: Schema, state: Properties, before: Properties): Properties {
  const isImport = Object.keys(before).length === 0;
  const inputs: Properties = { __defaults: before.__defaults ?? [] };
  for (const [name, { type, output, default: usual }] of Object.entries(schema)) {
    const value = state[name] ?? null;
    if (output || value === null || (isImport ? value === usual : !(name in before))) continue;
    const old = before[name];
    inputs[name] =
      typeof type === "object" && "object" in type && isObject(value)
        ? inputsOf(type.object, value, isObject(old) ? old : {})
        : value;
  }
  return inputs;
}
