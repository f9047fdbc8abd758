import { parse } from "yaml";
import { z } from "zod";

/** What a `workflow_dispatch` needs to know of a workflow file. */
export interface WorkflowFile {
  /** Its `name`, or undefined where it has none. */
  name: string | undefined;
  /** Its triggers: what stands below each name in `on`. */
  on: Record<string, unknown>;
}

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

/** Reads a workflow file's name and triggers. Undefined where the text is no workflow. */
export function readWorkflow(text: string): WorkflowFile | undefined {
  let file: unknown;
  try {
    file = parse(text);
  } catch {
    return undefined;
  }
  const read = z.object({ name: z.string().optional(), on: z.unknown() }).safeParse(file);
  if (!read.success) return undefined;
  const { name, on } = read.data;
  const names = typeof on === "string" ? [on] : Array.isArray(on) ? on.map(String) : undefined;
  if (names) return { name, on: Object.fromEntries(names.map((event) => [event, null])) };
  return { name, on: (on ?? {}) as Record<string, unknown> };
}

/**
 * The inputs of a `workflow_dispatch` as the workflow sees them in `github.event.inputs`: text, with the
 * workflow's defaults. Otherwise GitHub's own sentence on what is wrong with them (its 422 answers).
 */
export function dispatchInputs(
  workflow: WorkflowFile,
  given: Record<string, unknown>,
): { inputs: Record<string, string> } | { error: string } {
  if (!("workflow_dispatch" in workflow.on))
    return { error: "Workflow does not have 'workflow_dispatch' trigger" };
  const read = trigger.safeParse(workflow.on.workflow_dispatch);
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
