import { passes } from "./globs.ts";

/** The filters below one event of `on`. */
export interface Filter {
  types?: string | string[];
  branches?: string | string[];
  "branches-ignore"?: string | string[];
  tags?: string | string[];
  "tags-ignore"?: string | string[];
  paths?: string | string[];
  "paths-ignore"?: string | string[];
}

/** What of an event is filtered by. */
export interface Happening {
  /** `push`, `pull_request`, ... */
  name: string;
  action?: string;
  /** Branch that is pushed to, or that a pull request is for. */
  branch?: string;
  tag?: string;
  /** Of a schedule: the one that it is time for; default: all. */
  cron?: string;
  /** Files that changed; undefined where there are too many to tell, or none to compare with. */
  files?: string[];
}

/** Kinds of an event that start a workflow which names none; all kinds of events that are not here do. */
const defaultTypes: Record<string, string[]> = { pull_request: ["opened", "synchronize", "reopened"] };

const list = (value: string | string[] | undefined) => (value === undefined ? undefined : [value].flat());

/** The filter that `on` has for an event: `null` for one without any; undefined if the event isn't there. */
export function filterFor(on: unknown, name: string): Filter | null | undefined {
  if (typeof on === "string") return on === name ? null : undefined;
  if (Array.isArray(on)) return on.includes(name) ? null : undefined;
  if (typeof on !== "object" || on === null || !(name in on)) return undefined;
  return ((on as Record<string, Filter | null>)[name] ?? null) as Filter | null;
}

/** Whether a branch or tag is let through, where `kind` is filtered by; one of the other kind never is. */
function passesRef(filter: Filter, kind: "branches" | "tags", ref: string): boolean {
  const [only, ignored] = [list(filter[kind]), list(filter[`${kind}-ignore`])];
  if (only) return passes(only, ref);
  if (ignored) return !passes(ignored, ref);
  const other = kind === "branches" ? "tags" : "branches";
  return !filter[other] && !filter[`${other}-ignore`];
}

/** Whether a workflow with this `on` starts. */
export function starts(on: unknown, { name, action, branch, tag, cron, files }: Happening): boolean {
  const filter = filterFor(on, name);
  if (filter === undefined) return false;
  if (Array.isArray(filter))
    return cron === undefined || filter.some((one: { cron?: string }) => one.cron === cron);
  const types = list(filter?.types) ?? defaultTypes[name];
  if (types && action !== undefined && !types.includes(action)) return false;
  if (!filter) return true;
  if (branch !== undefined && !passesRef(filter, "branches", branch)) return false;
  if (tag !== undefined && !passesRef(filter, "tags", tag)) return false;
  if (tag !== undefined || files === undefined) return true; // Paths do not count for tags.
  const [paths, ignored] = [list(filter.paths), list(filter["paths-ignore"])];
  if (paths && !files.some((file) => passes(paths, file))) return false;
  return !ignored || !files.every((file) => passes(ignored, file));
}
