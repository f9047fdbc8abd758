const numbers = (slug: string) => slug.split(/\D+/).filter(Boolean).map(Number);

/** Whether a version slug such as `1.34.1-do.0` is lower than another. */
export function isLower(slug: string, than: string): boolean {
  const [left, right] = [numbers(slug), numbers(than)];
  const at = left.findIndex((part, i) => part !== (right[i] ?? 0));
  return at >= 0 && (left[at] as number) < (right[at] ?? 0);
}
