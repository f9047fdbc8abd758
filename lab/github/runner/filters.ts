import picomatch from "picomatch";

/** The filters below one event of `on`. */
export interface Filter {
  types?: string | string[];
  branches?: string[];
  "branches-ignore"?: string[];
  tags?: string[];
  "tags-ignore"?: string[];
  paths?: string[];
  "paths-ignore"?: string[];
}

/** What of an event is filtered by. */
export interface Happening {
  /** `push`, `pull_request`, ... */
  name: string;
  action?: string;
  /** Branch that is pushed to, or that a pull request is for. */
  branch?: string;
  tag?: string;
  /** Files that changed; undefined where there are too many to tell, or none to compare with. */
  files?: string[];
}

/** Kinds of an event that start a workflow which names none; events that are not here have no kinds. */
const defaultTypes: Record<string, string[]> = { pull_request: ["opened", "synchronize", "reopened"] };

/**
 * Whether one of these texts passes patterns in which a later one, with `!` before it, takes away what an
 * earlier one let through ("Filter pattern cheat sheet", docs.github.com).
 */
function passes(patterns: string[], texts: string[]): boolean {
  const matchers = patterns.map((pattern) => {
    const negated = pattern.startsWith("!");
    return {
      negated,
      matches: picomatch(negated ? pattern.slice(1) : pattern, { dot: true, noextglob: true }),
    };
  });
  return texts.some((text) =>
    matchers.reduce((let_, { negated, matches }) => (matches(text) ? !negated : let_), false),
  );
}

/** Every text is one of those that are ignored. */
const allIgnored = (patterns: string[], texts: string[]) => texts.every((text) => passes(patterns, [text]));

const list = (value: string | string[] | undefined) => (value === undefined ? undefined : [value].flat());

/** The filter that `on` has for an event: `null` for one without any; undefined if the event isn't there. */
export function filterFor(on: unknown, name: string): Filter | null | undefined {
  if (typeof on === "string") return on === name ? null : undefined;
  if (Array.isArray(on)) return on.includes(name) ? null : undefined;
  if (typeof on !== "object" || on === null || !(name in on)) return undefined;
  return ((on as Record<string, Filter | null>)[name] ?? null) as Filter | null;
}

/** Whether a workflow with this `on` starts. */
export function starts(on: unknown, { name, action, branch, tag, files }: Happening): boolean {
  const filter = filterFor(on, name);
  if (filter === undefined) return false;
  const types = list(filter?.types) ?? defaultTypes[name];
  if (types && action !== undefined && !types.includes(action)) return false;
  if (!filter) return true;
  const byRef = filter.branches ?? filter["branches-ignore"] ?? filter.tags ?? filter["tags-ignore"];
  if (byRef && branch !== undefined) {
    if (filter.branches && !passes(filter.branches, [branch])) return false;
    if (filter["branches-ignore"] && passes(filter["branches-ignore"], [branch])) return false;
    if (!filter.branches && !filter["branches-ignore"]) return false; // Only tags are let through.
  }
  if (byRef && tag !== undefined) {
    if (filter.tags && !passes(filter.tags, [tag])) return false;
    if (filter["tags-ignore"] && passes(filter["tags-ignore"], [tag])) return false;
    if (!filter.tags && !filter["tags-ignore"]) return false;
  }
  if (tag !== undefined || files === undefined) return true; // Paths do not count for tags.
  if (filter.paths && !passes(filter.paths, files)) return false;
  if (filter["paths-ignore"] && allIgnored(filter["paths-ignore"], files)) return false;
  return true;
}
