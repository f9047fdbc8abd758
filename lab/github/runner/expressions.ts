import { data, Evaluator, Lexer, Parser } from "@actions/expressions";
import { truthy } from "@actions/expressions/result";

/** What an expression may speak of: `github`, `inputs`, ... */
export type Contexts = Record<string, unknown>;

/** The functions that tell how it went so far: `always`, `success`, `failure`, `cancelled`. */
export type StatusFunctions = Record<"always" | "success" | "failure" | "cancelled", () => boolean>;

/** The value of an expression. Fails where it is none, or speaks of what is not there. */
function valueOf(expression: string, contexts: Contexts, status?: StatusFunctions): data.ExpressionData {
  const functions = Object.entries(status ?? {}).map(([name, holds]) => ({
    name,
    minArgs: 0,
    maxArgs: 0,
    call: () => new data.BooleanData(holds()),
  }));
  const { tokens } = new Lexer(expression).lex();
  const parsed = new Parser(tokens, Object.keys(contexts), functions).parse();
  const values = JSON.parse(JSON.stringify(contexts), data.reviver) as data.Dictionary;
  return new Evaluator(parsed, values, new Map(functions.map((one) => [one.name, one]))).evaluate();
}

/** A text with each `${{ … }}` in it replaced by its value. */
export const filled = (text: string, contexts: Contexts): string =>
  text.replace(/\$\{\{(.*?)\}\}/gs, (_, expression: string) =>
    valueOf(expression.trim(), contexts).coerceString(),
  );

/** What is written as a value or as an expression for one: a number, a boolean, or text. */
export const filledValue = (value: unknown, contexts: Contexts): string => filled(String(value), contexts);

const saysStatus = /\b(always|success|failure|cancelled)\s*\(/i;

/**
 * Whether a job's `if` holds; the `${{ }}` around it may be left out. A condition that does not ask how it
 * went so far holds after success only.
 */
export function holds(condition: unknown, contexts: Contexts, status: StatusFunctions): boolean {
  const said = String(condition ?? "").trim();
  const source = /^\$\{\{(.*)\}\}$/s.exec(said)?.[1] ?? said;
  if (!saysStatus.test(source) && !status.success()) return false;
  return source.trim() === "" || truthy(valueOf(source, contexts, status));
}
