import { z } from "zod";

/** A text of one pattern. `allowed` says in words what the pattern takes. */
export const text = (pattern: RegExp, allowed: string) =>
  z.string({ error: allowed }).regex(pattern, { error: allowed });

/** A whole number between two bounds, both included. */
export const whole = (least: number, most: number) => {
  const error = `a whole number from ${least} to ${most}`;
  return z.number({ error }).int({ error }).min(least, { error }).max(most, { error });
};

export const truth = z.boolean({ error: "true or false" });

/** A map of names to texts. */
export const texts = (name: z.ZodString, allowed: string) =>
  z.record(name, z.string({ error: "a text; quote it if it looks like a number or true/false" }), {
    error: (issue) => (issue.code === "invalid_key" ? `as a name, ${issue.issues[0]?.message}` : allowed),
  });

/**
 * An object that goes to a provider's argument as it is: its names are those of the provider's type,
 * and only the fields in `shape` are looked into further.
 */
export const passThrough = <T>(names: readonly string[], shape: z.ZodRawShape = {}) =>
  z.strictObject(
    { ...Object.fromEntries(names.map((name) => [name, z.unknown().optional()])), ...shape },
    {
      error: (issue) =>
        issue.code === "unrecognized_keys"
          ? `one of ${[...names, ...Object.keys(shape)]
              .filter((n, i, all) => all.indexOf(n) === i)
              .sort()
              .join(", ")}`
          : "an object",
    },
  ) as unknown as z.ZodType<T>;

/** RFC 1123 label: the name of most Kubernetes objects. */
export const dnsLabel = text(
  /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
  'up to 63 lower-case letters, digits and "-", beginning and ending with a letter or digit',
);

/** Name of an environment variable. */
export const variableName = text(
  /^[A-Za-z_][A-Za-z0-9_]*$/,
  'letters, digits and "_", not beginning with a digit',
);
