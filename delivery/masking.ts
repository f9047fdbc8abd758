/** Takes secrets out of a text. */
export type Mask = (text: string) => string;

/** Shorter values are no secrets worth the name, and would take half of a text with them. */
const shortest = 6;

/** Tokens and keys in a secret of several lines, such as a kubeconfig: its other words are everybody's. */
const longWords = (text: string) =>
  text.split(/[\s"']+/).filter((word) => word.length >= 16 && !/^https?:|:$/.test(word));

/**
 * Masks each occurrence of the values of the variables that SLIPWAY_SECRETS names (comma-separated), and of
 * GITHUB_TOKEN: as they are, in base64, and as JSON and URLs write them; of those with several lines, the long words as well.
 */
export function maskOf(env: NodeJS.ProcessEnv): Mask {
  const names = [...(env.SLIPWAY_SECRETS ?? "").split(","), "GITHUB_TOKEN"].map((name) => name.trim());
  const values = names.flatMap((name) => {
    const value = env[name] ?? "";
    return [value.trim(), ...(value.includes("\n") ? longWords(value) : [])];
  });
  const forms = values
    .filter((value) => value.length >= shortest)
    .flatMap((value) => [
      value,
      JSON.stringify(value).slice(1, -1),
      encodeURIComponent(value),
      Buffer.from(value).toString("base64"),
    ]);
  // The longest first: one secret may hold another.
  const all = [...new Set(forms)].sort((a, b) => b.length - a.length);
  return (text) => all.reduce((masked, form) => masked.replaceAll(form, "***"), text);
}
