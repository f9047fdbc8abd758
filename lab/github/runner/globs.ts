/** A pattern's part, and what it is as a regular expression. */
const parts = /\*\*\/|\*\*|\*|\[[^\]]+\]|[?+]|\\.|./gs;

function asExpression(part: string): string {
  if (part === "**/") return "(?:.*/)?";
  if (part === "**") return ".*";
  if (part === "*") return "[^/]*";
  if (part === "?" || part === "+" || (part.length > 2 && part.startsWith("["))) return part;
  const text = part.length === 2 && part.startsWith("\\") ? part.slice(1) : part;
  return text.replace(/[\\^$.*+?()[\]{}|/]/, "\\$&");
}

/**
 * A pattern of a workflow's filters as a regular expression: `*` stops at a slash, `**` does not, and `?`,
 * `+` and `[]` are what they are in regular expressions, unlike in a shell ("Filter pattern cheat sheet",
 * docs.github.com).
 */
export const globExpression = (pattern: string): RegExp =>
  new RegExp(`^${(pattern.match(parts) ?? []).map(asExpression).join("")}$`, "s");

/**
 * Whether a text passes patterns of which a later one, with `!` before it, takes away what an earlier one
 * let through.
 */
export function passes(patterns: string[], text: string): boolean {
  return patterns.reduce((let_, pattern) => {
    const negated = pattern.startsWith("!");
    return globExpression(negated ? pattern.slice(1) : pattern).test(text) ? !negated : let_;
  }, false);
}
