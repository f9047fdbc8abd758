/** A text as the value of a workflow command: https://docs.github.com/actions, "Workflow commands". */
const escapeData = (text: string) =>
  text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");

/** A line that GitHub shows as an annotation of the run. */
export const annotation = (level: "error" | "warning" | "notice", text: string): string =>
  `::${level}::${escapeData(text)}`;

/** Where something is told. */
interface Log {
  env: NodeJS.ProcessEnv;
  log: (line: string) => void;
}

/** Tells a person: at GitHub by an annotation, at a terminal by a line. */
export const tell = (level: "error" | "warning" | "notice", text: string, { env, log }: Log): void =>
  log(env.GITHUB_ACTIONS === "true" ? annotation(level, text) : text);

/**
 * A text of other programs as lines of the log, where none of them is taken for a workflow command.
 * GitHub looks for `::` at the beginning of a line, and for `##[`.
 */
export const asLog = (text: string): string => text.replace(/^(\s*)(::|##\[)/gm, "$1\u200b$2");

/** Tells what happens, with the seconds since the beginning. */
export type Progress = (line: string) => void;

/** Progress of a job that begins now. */
export function progress({ log }: Pick<Log, "log">): Progress {
  const begin = performance.now();
  return (line) => log(asLog(`${((performance.now() - begin) / 1000).toFixed(1).padStart(6)} s  ${line}`));
}
