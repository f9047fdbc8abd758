/** A property that changes. A value that isn't there is undefined. */
export interface PropertyChange {
  /** Path, as `spec.replicas` or `spec.containers[0].image`. */
  path: string;
  old?: string;
  new?: string;
}

/** How a name continues a path: `.name`, or `["a name"]` where it isn't a plain one. */
const step = (path: string, name: string) =>
  /^[A-Za-z_$][\w$-]*$/.test(name) ? (path ? `${path}.${name}` : name) : `${path}[${JSON.stringify(name)}]`;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The leaves of a value by their paths. Empty lists and objects are leaves. */
export function leaves(value: unknown, path = ""): [path: string, value: unknown][] {
  if (Array.isArray(value) && value.length > 0)
    return value.flatMap((one, index) => leaves(one, `${path}[${index}]`));
  if (isObject(value) && Object.keys(value).length > 0)
    return Object.keys(value)
      .sort()
      .flatMap((name) => leaves(value[name], step(path, name)));
  return value === undefined ? [] : [[path, value]];
}

/** A value as one text: a text as it is, anything else as JSON with sorted keys. */
export function shown(value: unknown): string | undefined {
  if (value === undefined || typeof value === "string") return value;
  return JSON.stringify(value, (_, inner: unknown) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}

/** What differs between two values, by path. */
export function differences(before: unknown, after: unknown): PropertyChange[] {
  const [old, now] = [new Map(leaves(before)), new Map(leaves(after))];
  return [...new Set([...old.keys(), ...now.keys()])].sort().flatMap((path) => {
    const [a, b] = [shown(old.get(path)), shown(now.get(path))];
    return a === b ? [] : [{ path, old: a, new: b }];
  });
}

/** The value at a path as the engine writes them; `secret` where the way there leads into one. */
export function valueAt(value: unknown, path: string, secret: unknown): unknown {
  let at = value;
  for (const [, name, quoted, index] of path.matchAll(/([^.[\]"]+)|\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]/g)) {
    if (at === secret) return secret;
    const key = name ?? (quoted === undefined ? index : (JSON.parse(`"${quoted}"`) as string));
    if (typeof at !== "object" || at === null) return undefined;
    at = (at as Record<string, unknown>)[key as string];
  }
  return at;
}
