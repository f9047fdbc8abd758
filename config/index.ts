import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
import { crossChecks } from "./crossChecks";
import { configurationError, type Problem } from "./problems";
import { type Config, type Key, keys } from "./schema";

export type { ClusterOptions, Config, ManifestPatch } from "./schema";

const namespace = "slipway:";

/** How a value is shown in an error: as JSON, cut to 80 characters; a secret is not shown at all. */
function shown(value: unknown, secret: boolean): string {
  if (value === undefined) return "nothing";
  if (secret) return "a secret value, not shown";
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

const valueAt = (value: unknown, path: PropertyKey[]): unknown =>
  path.reduce<unknown>((inner, step) => (inner as Record<PropertyKey, unknown> | undefined)?.[step], value);

/** A value, at this path of its key, with each secret in it taken out. */
function withoutSecrets(key: Key<unknown>, value: unknown, path: PropertyKey[]): unknown {
  if (typeof value !== "object" || value === null)
    return key.secretAt?.(path) && value !== undefined ? "[secret]" : value;
  if (Array.isArray(value)) return value.map((inner, i) => withoutSecrets(key, inner, [...path, i]));
  return Object.fromEntries(
    Object.entries(value).map(([step, inner]) => [step, withoutSecrets(key, inner, [...path, step])]),
  );
}

const dotted = (path: PropertyKey[]) =>
  path.map((step, i) => (typeof step === "number" ? `[${step}]` : `${i ? "." : ""}${String(step)}`)).join("");

function problemsOf(
  name: string,
  key: Key<unknown>,
  value: unknown,
  isSecret: boolean,
  issues: z.core.$ZodIssue[],
): Problem[] {
  return issues.flatMap((issue) => {
    const secret = key.secretAt ? key.secretAt(issue.path) : isSecret;
    const received = (path: PropertyKey[]) => withoutSecrets(key, valueAt(value, path), path);
    const path = dotted([name, ...issue.path]);
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((unknown) => ({
        path: `${path}.${unknown}`,
        received: shown(received([...issue.path, unknown]), secret),
        allowed: `no such name; ${issue.message}`,
        fix: `pulumi config rm --path ${path}.${unknown}`,
      }));
    const sensitive = secret ? " --secret" : "";
    const fix =
      issue.path.length === 0 && key.type !== "object"
        ? `pulumi config set ${name}${sensitive} ${key.example}`
        : `pulumi config set --path ${path}${sensitive} <value>`;
    return [{ path, received: shown(received(issue.path), secret), allowed: issue.message, fix }];
  });
}

/** Path of the first value here that must be a secret, if there is one. */
function secretIn(name: string, key: Key<unknown>, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (key.secret) return name;
  const search = (inner: unknown, path: PropertyKey[]): PropertyKey[] | undefined => {
    if (typeof inner === "string") return key.secretAt?.(path) ? path : undefined;
    for (const [step, next] of Object.entries((inner ?? {}) as object)) {
      const found = search(next, [...path, step]);
      if (found) return found;
    }
    return undefined;
  };
  const found = key.secretAt && search(value, []);
  return found && dotted([name, ...found]);
}

/**
 * A value as the engine hands it over: texts as they are, everything else as JSON. An empty one is none:
 * `Pulumi.yaml` can't declare a key without a default and not have it required.
 */
function decoded(key: Key<unknown>, raw: string | undefined): unknown {
  if (raw === undefined || raw === "" || raw === "{}") return undefined;
  if (key.type === "string") return raw;
  try {
    return JSON.parse(raw);
  } catch {
    return raw;
  }
}

/**
 * Reads and checks `raw`, a stack's configuration by full key (`slipway:imageTag`).
 *
 * @param folder the folder of `Pulumi.yaml`, from which paths are seen
 * @param isSecret whether a full key's value is stored encrypted
 * @returns the configuration with its defaults, or every problem it has
 */
export function checkConfig(
  raw: Record<string, string>,
  folder: string,
  isSecret: (fullKey: string) => boolean,
): { config: Config; problems: Problem[] } {
  const config: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const [name, key] of Object.entries(keys) as [string, Key<unknown>][]) {
    const value = decoded(key, raw[namespace + name]);
    const secret = key.secret === true || isSecret(namespace + name);
    const result = key.schema.safeParse(value);
    // A value with a problem of its own still counts as given where two values are compared.
    config[name] = result.success ? result.data : key.type === "object" ? Object(value ?? {}) : value;
    if (!result.success) problems.push(...problemsOf(name, key, value, secret, result.error.issues));
    const open = isSecret(namespace + name) ? undefined : secretIn(name, key, value);
    if (open)
      problems.push({
        path: open,
        received: "a value in plain text, not shown",
        allowed: "a secret, which the stack's file holds encrypted",
        fix: `pulumi config set ${key.type === "object" ? `--path ${open}${key.secret ? ".<NAME>" : ""}` : open} --secret`,
      });
  }
  for (const full of Object.keys(raw).filter(
    (full) => full.startsWith(namespace) && !(full.slice(namespace.length) in keys),
  ))
    problems.push({
      path: full.slice(namespace.length),
      received: shown(raw[full], isSecret(full)),
      allowed: `no such key; one of ${Object.keys(keys).sort().join(", ")}`,
      fix: `pulumi config rm ${full.slice(namespace.length)}`,
    });
  // A value that is wrong in itself needs no second line for what it is beside others.
  const wrong = new Set(problems.map((problem) => problem.path));
  problems.push(
    ...crossChecks(config as Partial<Config>, folder).filter((problem) => !wrong.has(problem.path)),
  );
  return { config: config as Config, problems };
}

/** The keys whose values are stored encrypted, as the engine tells the program. */
const secretKeys = () => new Set(JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]") as string[]);

/** The running stack's configuration. Fails with every problem at once, before any resource is registered. */
export function loadConfig(): Config {
  const secret = secretKeys();
  const { config, problems } = checkConfig(pulumi.runtime.allConfig(), process.cwd(), (key) =>
    secret.has(key),
  );
  if (problems.length > 0) throw configurationError(problems, pulumi.getStack());
  return config;
}
