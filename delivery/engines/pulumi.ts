import path from "node:path";
import { differences, shown, valueAt, type PropertyChange } from "../differences.ts";
import type { Mask } from "../masking.ts";
import { plan, type Op, type Plan, type ResourceChange } from "../plan.ts";
import { EngineFailure } from "./failure.ts";
import { inLog, type Engine, type Place } from "./engine.ts";
import { run } from "./run.ts";

/** How a resource is in a preview (`pulumi preview --json`). */
interface State {
  /** False for a component, which only groups others. */
  custom?: boolean;
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

/** One step of a preview. */
interface Step {
  op: string;
  urn: string;
  oldState?: State;
  newState?: State;
  replaceReasons?: string[] | null;
  detailedDiff?: Record<string, { kind: string }> | null;
}

/** What `pulumi preview --json` prints. */
export interface Preview {
  steps?: Step[];
  diagnostics?: { urn?: string; message: string; severity: string }[];
}

/** What the engine prints for a secret, and for a value that is known after the update only. */
const secret = "[secret]";
const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
/** Key of an object that stands for a special value, and what it says for a secret (Pulumi's SDK: `Serialize`). */
const signature = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";

const ops: Record<string, Op> = {
  create: "create",
  update: "update",
  replace: "replace",
  "create-replacement": "replace",
  "delete-replaced": "replace",
  delete: "delete",
  import: "import",
  "import-replacement": "replace",
};

/** `urn:pulumi:STACK::PROJECT::PARENT$TYPE::NAME` taken apart; the kind is the last word of the type. */
function described(urn: string): { kind: string; name: string } {
  const [, , types = "", ...name] = urn.split("::");
  const type = types.split("$").at(-1) ?? types;
  const kind = type.startsWith("pulumi:providers:") ? "Provider" : type.replace(/^.*:/, "");
  return { kind, name: name.join("::") };
}

/** A value without secrets, and with words for what isn't known yet. */
function clean(value: unknown): unknown {
  if (typeof value === "string")
    return value.replaceAll(unknownValue, "known after the update").replaceAll(secret, "(secret)");
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== "object" || value === null) return value;
  const object = value as Record<string, unknown>;
  if (object[signature] === secretSignature) return "(secret)";
  return Object.fromEntries(
    Object.entries(object)
      .filter(([name]) => !name.startsWith("__"))
      .map(([name, inner]) => [name, clean(inner)]),
  );
}

const hidden = "(secret)";

function propertiesOf(step: Step, op: Op): PropertyChange[] {
  const before = clean(step.oldState?.inputs);
  const after = clean(step.newState?.inputs);
  if (op === "create" || op === "import") return differences(undefined, after);
  if (op === "delete") return [];
  if (!step.detailedDiff) return differences(before, after);
  const outputs = clean(step.oldState?.outputs);
  return Object.entries(step.detailedDiff)
    .filter(([name]) => !name.startsWith("__"))
    .map(([name, { kind }]): PropertyChange => {
      const old = valueAt(before, name, hidden) ?? valueAt(outputs, name, hidden);
      return {
        path: name,
        old: kind.startsWith("add") ? undefined : shown(old),
        new: kind.startsWith("delete") ? undefined : shown(valueAt(after, name, hidden)),
      };
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/**
 * The changes of a preview, without what says nothing of the world: look-ups, refreshes, times, stack traces.
 *
 * @param folder the checkout, whose place on this machine is no part of a plan.
 */
export function planOf({ steps = [] }: Preview, mask: Mask, folder: string): Plan {
  const tidy = (text: string | undefined) => text && mask(text.replaceAll(folder, "."));
  const changes = new Map<string, ResourceChange>();
  for (const step of steps) {
    const op = ops[step.op];
    if (!op || (step.newState ?? step.oldState)?.custom === false) continue;
    const before = changes.get(step.urn);
    const change: ResourceChange = {
      id: step.urn,
      op: before ? "replace" : op,
      ...described(step.urn),
      properties: propertiesOf(step, op).map(({ path: at, old, new: now }) => ({
        path: at,
        old: tidy(old),
        new: tidy(now),
      })),
      ...(step.replaceReasons?.length ? { because: [...step.replaceReasons].sort() } : {}),
    };
    // A replacement may come as several steps: the one that says most stands for all.
    if (!before || change.properties.length >= before.properties.length) changes.set(step.urn, change);
    else before.op = "replace";
  }
  return plan([...changes.values()]);
}

/** The errors of a preview in the engine's own words, each once, the last summary left out where there are others. */
export function errorsOf({ diagnostics = [] }: Preview, mask: Mask): string {
  const errors = diagnostics
    .filter(({ severity }) => severity === "error")
    .map(({ urn, message }) => {
      const { kind, name } = urn ? described(urn) : { kind: "", name: "" };
      const said = message.trim().replace(/^error: /, "");
      return mask(kind && kind !== "Stack" ? `${kind} ${name}: ${said}` : said);
    });
  const all = [...new Set(errors)];
  const telling = all.filter((line) => !/^(preview|update) failed$/.test(line));
  return (telling.length > 0 ? telling : all).join("\n");
}

/** The CLI asks nobody, and looks for no newer version of itself. */
const quiet = { PULUMI_SKIP_UPDATE_CHECK: "true", PULUMI_SKIP_CONFIRMATIONS: "true" };

/** Lines with which the CLI says what went wrong, or the last ones it printed. */
function lastWords(output: string, mask: Mask): string {
  const lines = mask(output).split("\n").map((line) => line.trimEnd()).filter(Boolean); // prettier-ignore
  const from = lines.findIndex((line) => /^Diagnostics:/.test(line));
  const to = lines.findIndex((line, index) => index > from && /^(Outputs|Resources|Duration):/.test(line));
  const diagnostics = from < 0 ? [] : lines.slice(from + 1, to < 0 ? undefined : to);
  const errors = lines.filter((line) => /^\s*error: /.test(line));
  return (diagnostics.length > 0 ? diagnostics : errors.length > 0 ? errors : lines.slice(-20))
    .filter((line) => !/using pulumi-\S+ from \$PATH/.test(line))
    .join("\n");
}

async function preview({ job, stack, mask, told }: Place): Promise<Plan> {
  told(`pulumi preview of ${stack}: waiting for the program, and for the cluster to say what runs`);
  const result = await run({
    args: ["pulumi", "preview", "--refresh", "--json", "--non-interactive", "--stack", stack],
    job,
    env: quiet,
  });
  const parsed = parsePreview(result.stdout);
  if (result.exitCode !== 0 || !parsed)
    throw new EngineFailure(
      "pulumi preview failed",
      (parsed && errorsOf(parsed, mask)) || lastWords(result.stderr || result.stdout, mask),
    );
  return planOf(parsed, mask, job.folder);
}

function parsePreview(stdout: string): Preview | undefined {
  try {
    // The npm package of the CLI may tell before that it downloads it.
    return JSON.parse(stdout.slice(stdout.search(/^\{/m))) as Preview;
  } catch {
    // Nothing, where the CLI failed before it began.
    return undefined;
  }
}

/** The program of this repository, by `pulumi`. */
export const pulumi: Engine = {
  plan: preview,
  async apply(place) {
    const { job, stack, mask, told } = place;
    told(`pulumi up of ${stack}: waiting until it is rolled out`);
    const result = await run({
      args: ["pulumi", "up", "--yes", "--skip-preview", "--refresh", "--non-interactive", "--stack", stack],
      job,
      env: quiet,
      shown: inLog(place),
    });
    if (result.exitCode !== 0) throw new EngineFailure("pulumi up failed", lastWords(result.all, mask));
  },
  async verify(place) {
    const { job, stack, mask, told } = place;
    told(`verifying ${stack}: waiting for each pod's answer`);
    const bin = path.join(job.folder, "node_modules", ".bin");
    const result = await run({
      args: [process.execPath, "commands/verify.mts", "--stack", stack],
      job,
      env: { ...quiet, PATH: `${bin}${path.delimiter}${job.env.PATH ?? ""}` },
      shown: inLog(place),
    });
    if (result.exitCode !== 0)
      throw new EngineFailure(
        "it is rolled out, but does not answer as it should",
        lastWords(result.all, mask),
      );
  },
};
