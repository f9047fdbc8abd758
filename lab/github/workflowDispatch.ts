import { z } from "zod";

const input = z
  .object({
    type: z.enum(["string", "boolean", "choice", "number", "environment"]).default("string"),
    required: z.boolean().default(false),
    default: z.union([z.string(), z.boolean(), z.number()]).optional(),
    options: z.array(z.coerce.string()).default([]),
  })
  .nullable()
  .transform((given) => given ?? { type: "string" as const, required: false, options: [] });
const trigger = z.object({ inputs: z.record(z.string(), input).nullish() }).nullable();

/** What stands below `workflow_dispatch` in a workflow's `on`, which may be a name, a list of names or a map. */
function dispatchTrigger(on: unknown): { trigger: unknown } | undefined {
  if (on === "workflow_dispatch") return { trigger: null };
  if (Array.isArray(on)) return on.includes("workflow_dispatch") ? { trigger: null } : undefined;
  if (typeof on !== "object" || on === null || !("workflow_dispatch" in on)) return undefined;
  return { trigger: on.workflow_dispatch };
}

/**
 * The inputs of a `workflow_dispatch` as the workflow sees them in `github.event.inputs`: text, with the
 * workflow's defaults. Otherwise GitHub's own sentence on what is wrong with them (its 422 answers).
 *
 * @param on the workflow's triggers, as its file has them.
 */
export function dispatchInputs(
  on: unknown,
  given: Record<string, unknown>,
): { inputs: Record<string, string> } | { error: string } {
  const found = dispatchTrigger(on);
  if (!found) return { error: "Workflow does not have 'workflow_dispatch' trigger" };
  const read = trigger.safeParse(found.trigger);
  if (!read.success) return { error: "Failed to parse workflow: Invalid workflow_dispatch inputs" };
  const declared = read.data?.inputs ?? {};

  const unexpected = Object.keys(given).filter((name) => !Object.hasOwn(declared, name));
  if (unexpected.length)
    return {
      error: `Unexpected inputs provided: [${unexpected.map((name) => JSON.stringify(name)).join(", ")}]`,
    };
  const inputs: Record<string, string> = {};
  for (const [name, { type, required, options, ...rest }] of Object.entries(declared)) {
    const value = given[name] ?? ("default" in rest ? rest.default : undefined);
    if (value === undefined || (value === "" && required)) {
      if (required) return { error: `Required input '${name}' not provided` };
      inputs[name] = type === "boolean" ? "false" : "";
      continue;
    }
    if (typeof value === "object") return { error: `Invalid value for input '${name}'` };
    const text = String(value as string | number | boolean);
    const allowed = type === "boolean" ? ["true", "false"] : type === "choice" ? options : [text];
    if (!allowed.includes(text))
      return { error: `Provided value '${text}' for input '${name}' not in the list of allowed values` };
    inputs[name] = text;
  }
  return { inputs };
}
