import { data, Evaluator, Lexer, Parser, wellKnownFunctions } from "@actions/expressions";

/** What an expression may speak of: `github`, `inputs`, ... */
export type Contexts = Record<string, unknown>;

/** The value of an expression, as text. Fails where it is none. */
function textOf(expression: string, contexts: Contexts): string {
  const { tokens } = new Lexer(expression).lex();
  const parsed = new Parser(tokens, Object.keys(contexts), Object.values(wellKnownFunctions)).parse();
  const values = JSON.parse(JSON.stringify(contexts), data.reviver) as data.Dictionary;
  return new Evaluator(parsed, values).evaluate().coerceString();
}

/** A text with each `${{ … }}` in it replaced by its value. */
export const filled = (text: string, contexts: Contexts): string =>
  text.replace(/\$\{\{(.*?)\}\}/gs, (_, expression: string) => textOf(expression.trim(), contexts));
