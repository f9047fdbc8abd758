import { execFile } from "node:child_process";
import { promisify } from "node:util";

/** What a stack of this program says of itself once it is up. */
export interface StackOutputs {
  kubeconfig: string;
  image: string;
  deployment: string;
  appName: string;
  namespace: string;
  verifyPath: string;
}

/**
 * The outputs of a stack (default: the selected one), secrets included. Fails with what the Pulumi CLI
 * says, or if the stack was never updated.
 */
export async function stackOutputs(stack?: string): Promise<StackOutputs> {
  const args = [
    "stack",
    "output",
    "--json",
    "--show-secrets",
    "--non-interactive",
    ...(stack ? ["--stack", stack] : []),
  ];
  const { stdout } = await promisify(execFile)("pulumi", args).catch(
    (error: { code?: unknown; stderr?: string }) => {
      if (error.code === "ENOENT")
        throw new Error(
          "pulumi is not on PATH; see https://www.pulumi.com/docs/install, or run this in the lab's environment",
        );
      throw new Error(`pulumi stack output failed: ${error.stderr?.trim().replace(/^error: /, "")}`);
    },
  );
  const outputs = JSON.parse(stdout) as Partial<StackOutputs>;
  if (!outputs.kubeconfig) throw new Error("the stack has no kubeconfig yet; run pulumi up first");
  return outputs as StackOutputs;
}

/** Runs a command's `main`: an error becomes one line on standard error and exit code 1. */
export async function runCommand(name: string, main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    process.stderr.write(`${name}: ${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
