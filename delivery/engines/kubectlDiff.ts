import { parse } from "yaml";
import type { Mask } from "../masking.ts";
import { objectChange, plan, type Plan } from "../plan.ts";

/**
 * What `kubectl diff` runs to compare: with more context than an object has lines, the output holds both
 * objects whole, and they are compared by property here.
 */
export const externalDiff = "diff -N -U 100000";

interface Manifest {
  kind?: string;
  metadata?: Record<string, unknown> & { name?: string; namespace?: string };
  data?: Record<string, string>;
  stringData?: Record<string, string>;
  [field: string]: unknown;
}

/** What the cluster writes into an object, and is no part of a change. */
const clusters = new Set([
  "creationTimestamp",
  "generation",
  "managedFields",
  "resourceVersion",
  "selfLink",
  "uid",
]);

/** The annotation in which `kubectl apply` keeps the whole object again. */
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/** Values of a Secret, which kubectl masks as `***` already: should it not, they are masked here. */
const hidden = (values: Record<string, string> | undefined) =>
  values &&
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      String(value).startsWith("***") ? value : "(secret)",
    ]),
  );

function declared({ status: _, metadata = {}, ...rest }: Manifest): Manifest {
  const kept = Object.fromEntries(
    Object.entries(metadata).filter(([name]) => !clusters.has(name)),
  ) as NonNullable<Manifest["metadata"]>;
  if (typeof kept.annotations === "object" && kept.annotations !== null) {
    const annotations = Object.entries(kept.annotations).filter(([name]) => name !== lastApplied);
    if (annotations.length > 0) kept.annotations = Object.fromEntries(annotations);
    else delete kept.annotations;
  }
  const secret =
    rest.kind === "Secret" ? { data: hidden(rest.data), stringData: hidden(rest.stringData) } : {};
  return { ...rest, ...secret, metadata: kept };
}

/** The changes that the output of `kubectl diff` with `externalDiff` tells. */
export function planOfDiff(output: string, mask: Mask): Plan {
  const changes = output
    .split(/^diff .*\n/m)
    .filter((part) => part.includes("\n@@ ") || part.startsWith("@@ "))
    .flatMap((part) => {
      const lines = part.slice(part.search(/^@@ /m)).split("\n").slice(1);
      const side = (sign: "-" | "+") =>
        lines
          .filter((line) => line.startsWith(" ") || line.startsWith(sign))
          .map((line) => line.slice(1))
          .join("\n");
      const [before, after] = [side("-"), side("+")].map((text) => {
        // An object that isn't there is nothing, or null.
        const manifest = parse(text) as Manifest | null;
        return manifest ? declared(manifest) : undefined;
      });
      const { kind = "", metadata = {} } = (after ?? before) as Manifest;
      const name = metadata.name ?? "";
      const id = [kind, metadata.namespace ?? "", name].join("/");
      const change = objectChange({ id, kind, name }, before, after);
      if (!change) return [];
      const properties = change.properties.map(({ path, old, new: now }) => ({
        path,
        old: old && mask(old),
        new: now && mask(now),
      }));
      return [{ ...change, properties }];
    });
  return plan(changes);
}
