import { code, fenced } from "./markdown.ts";
import { counts, losesState, nameOf, pack, type Plan, type ResourceChange } from "./plan.ts";
import type { Release } from "./release.ts";

/** Most characters that GitHub takes in a comment or an issue's body. */
export const mostCharacters = 65_536;

/** What a comment tells besides the plan. */
export interface About {
  environment: string;
  /** Page of the run. */
  runUrl: string;
  /** Release on the main branch, and the one that this change brings. */
  before?: Release;
  after?: Release;
  /** Remarks that come before the changes, in markdown. */
  notes?: string[];
}

const words = {
  create: "is created",
  import: "is imported",
  update: "changes",
  replace: "is replaced: deleted and made again",
  delete: "is deleted",
} as const;

/** Most characters of a value in a comment. */
const longestValue = 400;

/** A value as it is shown; of a longer one, a part from `from` on. */
function short(value: string, longest: number, from = 0): string {
  if (value.length <= longest) return value;
  const part = value.slice(from, from + longest);
  return `${from > 0 ? "..." : ""}${part}${from + longest < value.length ? "..." : ""} (${value.length} characters)`;
}

/** Where two values begin to differ, with a little of what comes before. */
function differFrom(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return Math.max(0, at - 40);
}

const lines = (sign: string, path: string, value: string) =>
  value.split("\n").map((line, index) => `${sign} ${index === 0 ? `${path}: ` : "  "}${line}`);

/** One resource as a block: what happens, and each property that changes. */
function block({ op, kind, name, properties, because }: ResourceChange, longest: number): string {
  const heading = `**${kind}** ${code(name)} ${words[op]}${because?.length ? `, because of ${because.map(code).join(", ")}` : ""}`;
  if (properties.length === 0) return heading;
  const diff = properties.flatMap(({ path, old, new: now }) => {
    // A secret, or something that only the provider knows.
    if (old === now) return [`! ${path}: ${short(old ?? "", longest)} (its value changes)`];
    const from = old !== undefined && now !== undefined ? differFrom(old, now) : 0;
    return [
      ...(old === undefined ? [] : lines("-", path, short(old, longest, from))),
      ...(now === undefined ? [] : lines("+", path, short(now, longest, from))),
    ];
  });
  const text = fenced(diff.join("\n"), "diff");
  return op === "create" || op === "import"
    ? `${heading}\n\n<details><summary>its ${properties.length} properties</summary>\n\n${text}\n\n</details>`
    : `${heading}\n\n${text}`;
}

/** A plan in one line: `image v0.0.1 → v0.0.2: 1 to update`. */
export function headline(plan: Plan, { before, after }: Pick<About, "before" | "after">): string {
  const moved = after && before?.tag !== after.tag;
  const image = !moved ? "" : before ? `image ${before.tag} → ${after.tag}: ` : `image ${after.tag}: `;
  return `${image}${counts(plan)}`;
}

/** The changes that a person must see first. */
function warnings(plan: Plan): string[] {
  const lost = plan.changes.filter(losesState);
  if (lost.length === 0) return [];
  return [
    [
      "> [!CAUTION]",
      `> Data or what runs on it may be lost:`,
      ...lost.map(({ op, kind, name }) => `> - **${kind}** ${code(name)} ${words[op]}`),
    ].join("\n"),
  ];
}

/** The most important first: what is lost, what is replaced or deleted, what changes, what is new. */
const rank = (change: ResourceChange) =>
  losesState(change) ? 0 : ["delete", "replace", "update", "import", "create"].indexOf(change.op) + 1;

/**
 * A plan for a person: headline, then warnings, then what changes. Cut between two changes where it would
 * be longer than `limit` characters, and then says where all of it is; values are cut at `longest`.
 */
export function describe(plan: Plan, about: About, limit = mostCharacters, longest = longestValue): string {
  const top = [
    `### ${about.environment}: ${headline(plan, about)}`,
    ...warnings(plan).map((one) =>
      one.length > limit / 4 ? `${one.slice(0, one.lastIndexOf("\n", limit / 4))}\n> - and more` : one,
    ),
    ...(about.notes ?? []),
  ];
  const bottom = [`Plan ${code(nameOf(plan))} · [run](${about.runUrl})`];
  const blocks = [...plan.changes].sort((a, b) => rank(a) - rank(b)).map((change) => block(change, longest));
  const cut = (left: number) =>
    `**${left} more ${left === 1 ? "change is" : "changes are"} not shown here**: GitHub's comments end at ${mostCharacters.toLocaleString("en")} characters. [The run's summary](${about.runUrl}) has all of it.`;
  const size = (parts: string[]) => parts.reduce((sum, part) => sum + part.length + 2, 0);
  let room = limit - size(top) - size(bottom) - size([cut(plan.changes.length)]);
  const fitting: string[] = [];
  for (const one of blocks) {
    room -= one.length + 2;
    if (room < 0) break;
    fitting.push(one);
  }
  const left = blocks.length - fitting.length;
  return [...top, ...fitting, ...(left > 0 ? [cut(left)] : []), ...bottom].join("\n\n");
}

/** A plan for the run's summary: all of it, as far as GitHub takes so much. */
export const describeAll = (plan: Plan, about: About): string => describe(plan, about, 1_000_000, Infinity);

/** First line of an environment's comment, by which it is found again. */
export const commentMarker = (environment: string) => `<!-- slipway preview ${environment} -->`;

const packed = /<!-- slipway plan: ([\w+/=]+) -->/;
/** Largest plan that is kept in a comment. */
const largestPacked = 16_000;

/** The comment of a preview: the plan for a person, and, where it isn't too large, for the deploy. */
export function planComment(plan: Plan, about: About): string {
  const word = pack(plan);
  const kept = word.length <= largestPacked ? `\n\n<!-- slipway plan: ${word} -->` : "";
  const marker = `${commentMarker(about.environment)}\n`;
  return `${marker}${describe(plan, about, mostCharacters - marker.length - kept.length)}${kept}`;
}

/** The plan that a comment keeps, packed. */
export const packedIn = (comment: string): string | undefined => packed.exec(comment)?.[1];

/** The comment of a preview that failed: why, in the engine's own words. */
export function failureComment(reasons: string, { environment, runUrl }: About): string {
  const room = 40_000;
  const said =
    reasons.length > room ? `${reasons.slice(0, room)}\n... (cut; the run has all of it)` : reasons;
  return [
    commentMarker(environment),
    `### ${environment}: the preview failed`,
    "",
    fenced(said),
    "",
    `[run](${runUrl})`,
  ].join("\n");
}
