import { RunError } from "@pulumi/pulumi";

/** One thing that is wrong in a stack's configuration. */
export interface Problem {
  /** Path of the value, as `pulumi config set --path` takes it, without the namespace. */
  path: string;
  /** The value received, ready to be shown; never a secret's. */
  received: string;
  /** What would be taken. */
  allowed: string;
  /** What to type, or to change. */
  fix: string;
}

/** The error for a stack whose configuration has these problems: all of them, and no stack trace. */
export function configurationError(problems: Problem[], stack: string): RunError {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  const list = problems.map(
    (problem) =>
      `  slipway:${problem.path}\n    received  ${problem.received}\n    allowed   ${problem.allowed}\n    fix       ${problem.fix}`,
  );
  return new RunError(
    `${count} in the configuration of stack ${stack}; nothing was changed\n\n${list.join("\n\n")}\n`,
  );
}
