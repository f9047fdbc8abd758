import { createHash } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { differences, type PropertyChange } from "./differences.ts";

/** What happens to a resource. */
export type Op = "create" | "update" | "replace" | "delete" | "import";

/** One resource that changes. Holds no secret. */
export interface ResourceChange {
  /** What it is for the engine, unique in the plan. */
  id: string;
  op: Op;
  /** `Deployment`, `KubernetesCluster`, ... */
  kind: string;
  name: string;
  /** What of it changes; all it has, where it is created. */
  properties: PropertyChange[];
  /** Properties that make it be replaced. */
  because?: string[];
}

/** What an update would do. */
export interface Plan {
  changes: ResourceChange[];
}

/**
 * Kinds that hold data, or other things with them: whoever replaces or deletes one should know. Kubernetes'
 * own, then those of DigitalOcean's provider.
 */
const stateful =
  /^(PersistentVolumeClaim|PersistentVolume|StatefulSet|Namespace|CustomResourceDefinition|StorageClass|KubernetesCluster|KubernetesNodePool|Database\w*|Volume|VolumeSnapshot|SpacesBucket|Droplet|ContainerRegistry|Repository)$/;

/** Whether a change replaces or deletes something that holds data. */
export const losesState = ({ op, kind }: ResourceChange): boolean =>
  (op === "replace" || op === "delete") && stateful.test(kind);

const byId = (a: ResourceChange, b: ResourceChange) =>
  a.id < b.id ? -1 : a.id > b.id ? 1 : a.op < b.op ? -1 : a.op > b.op ? 1 : 0;

/** A plan with its changes in one order, whatever order the engine told them in. */
export const plan = (changes: ResourceChange[]): Plan => ({ changes: [...changes].sort(byId) });

const canonical = ({ changes }: Plan): string =>
  JSON.stringify(
    changes.map(({ id, op, kind, name, properties, because }) => [
      id,
      op,
      kind,
      name,
      [...properties]
        .sort((a, b) => (a.path < b.path ? -1 : 1))
        .map(({ path, old, new: now }) => [path, old ?? null, now ?? null]),
      [...(because ?? [])].sort(),
    ]),
  );

/** SHA-256 of a plan: the same for the same changes, wherever and whenever it was made. */
export const digestOf = (one: Plan): string => createHash("sha256").update(canonical(one)).digest("hex");

/** So many characters of a digest name a plan. */
export const nameOf = (one: Plan): string => digestOf(one).slice(0, 16);

/** A plan as one word, to be kept in a comment; `unpack` takes it. */
export const pack = (one: Plan): string => deflateRawSync(canonical(one)).toString("base64");

type Packed = [string, Op, string, string, [string, string | null, string | null][], string[]][];

/** The plan in a packed text; undefined if it is none. */
export function unpack(text: string): Plan | undefined {
  try {
    const packed = JSON.parse(
      inflateRawSync(Buffer.from(text, "base64"), { maxOutputLength: 10 * 1024 * 1024 }).toString(),
    ) as Packed;
    return plan(
      packed.map(([id, op, kind, name, properties, because]) => ({
        id,
        op,
        kind,
        name,
        properties: properties.map(([path, old, now]) => ({
          path,
          old: old ?? undefined,
          new: now ?? undefined,
        })),
        ...(because.length ? { because } : {}),
      })),
    );
  } catch {
    // A person may have edited the comment.
    return undefined;
  }
}

/** Changes of `now` that are not in `reviewed`, and those of `reviewed` that are no more. */
export function compare(reviewed: Plan, now: Plan): { more: Plan; less: Plan } {
  const text = (change: ResourceChange) => canonical({ changes: [change] });
  const without = (one: Plan, other: Plan) => {
    const there = new Set(other.changes.map(text));
    return plan(one.changes.filter((change) => !there.has(text(change))));
  };
  return { more: without(now, reviewed), less: without(reviewed, now) };
}

const verbs: Record<Op, string> = {
  create: "create",
  update: "update",
  replace: "replace",
  delete: "delete",
  import: "import",
};

/** Headline of a plan: how many things are created, updated, replaced, deleted. */
export function counts({ changes }: Plan): string {
  if (changes.length === 0) return "no changes";
  return Object.entries(verbs)
    .map(([op, verb]) => [changes.filter((change) => change.op === op).length, verb] as const)
    .filter(([count]) => count > 0)
    .map(([count, verb]) => `${count} to ${verb}`)
    .join(", ");
}

/** The change of one object from one state to another; undefined where there is none. */
export function objectChange(
  what: Pick<ResourceChange, "id" | "kind" | "name">,
  before: unknown,
  after: unknown,
): ResourceChange | undefined {
  const properties = differences(before, after);
  if (properties.length === 0) return undefined;
  const op = before === undefined ? "create" : after === undefined ? "delete" : "update";
  return { ...what, op, properties };
}
