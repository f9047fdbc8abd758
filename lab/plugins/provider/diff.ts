import type { Schema, Type } from "./schema.ts";
import { isObject, unknown, type Properties, type Value } from "./values.ts";

/** A property that an update would change. */
export interface Change {
  /** Such as `nodePool.nodeCount` or `tags[0]`. */
  path: string;
  kind: "add" | "delete" | "update";
  replaces: boolean;
}

const sorted = (values: Value[]) =>
  [...values].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

/**
 * What differs between a resource's state and the inputs that a program wants now. What a program does
 * not give and did not give before is the cloud's own choice, and no difference.
 */
export function differences(
  schema: Schema,
  state: Properties,
  inputs: Properties,
  oldInputs: Properties,
): Change[] {
  return objectChanges(schema, state, inputs, oldInputs, "", false);
}

function objectChanges(
  schema: Schema,
  state: Properties,
  inputs: Properties,
  oldInputs: Properties,
  prefix: string,
  replacesAll: boolean,
): Change[] {
  return Object.entries(schema).flatMap(([name, property]) => {
    const { unnoticed } = property;
    if (property.output || unnoticed === true || unnoticed?.(inputs)) return [];
    const path = prefix + name;
    const old: Value = state[name] ?? null;
    const wanted: Value = inputs[name] ?? null;
    if (wanted === null && (property.computed || (oldInputs[name] ?? null) === null)) return [];
    const { replaces: rule } = property;
    const replaces =
      replacesAll ||
      rule === true ||
      (typeof rule === "function" && (wanted === unknown ? false : rule(old, wanted)));
    const { type } = property;
    if (typeof type === "object" && "object" in type && isObject(wanted) && isObject(old)) {
      const before = oldInputs[name];
      return objectChanges(type.object, old, wanted, isObject(before) ? before : {}, `${path}.`, replaces);
    }
    return changes(type, old, wanted, path, replaces);
  });
}

const isNothing = (value: Value | undefined) =>
  value === null ||
  value === undefined ||
  (Array.isArray(value) && value.length === 0) ||
  (isObject(value) && Object.keys(value).length === 0);

function changes(
  type: Type,
  old: Value | undefined,
  wanted: Value | undefined,
  path: string,
  replaces: boolean,
): Change[] {
  if (isNothing(old) && isNothing(wanted)) return [];
  if (isNothing(wanted)) return [{ path, kind: "delete", replaces }];
  if (isNothing(old)) return [{ path, kind: "add", replaces }];
  if (typeof type === "object" && "map" in type && isObject(old) && isObject(wanted))
    return [...new Set([...Object.keys(old), ...Object.keys(wanted)])].flatMap((key) =>
      changes(type.map, old[key], wanted[key], `${path}${step(key)}`, replaces),
    );
  if (typeof type === "object" && Array.isArray(old) && Array.isArray(wanted)) {
    const item = "set" in type ? type.set : (type as { list: Type }).list;
    const [left, right] = "set" in type ? [sorted(old), sorted(wanted)] : [old, wanted];
    return Array.from({ length: Math.max(left.length, right.length) }).flatMap((_, i) =>
      changes(item, left[i], right[i], `${path}[${i}]`, replaces),
    );
  }
  if (typeof type === "object" && "object" in type && isObject(old) && isObject(wanted))
    return objectChanges(type.object, old, wanted, wanted, `${path}.`, replaces);
  return old === wanted ? [] : [{ path, kind: "update", replaces }];
}

/** A key as the engine reads it in a path. */
const step = (key: string) => (/^[A-Za-z_]\w*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`);
