import { existsSync } from "node:fs";
import path from "node:path";

/** What each package manager is told: with a lock file, and where there is none yet. */
const managers = {
  npm: { lock: "package-lock.json", locked: ["ci", "--no-audit", "--no-fund"], free: ["install"] },
  pnpm: { lock: "pnpm-lock.yaml", locked: ["install", "--frozen-lockfile"], free: ["install"] },
  yarn: { lock: "yarn.lock", locked: ["install", "--frozen-lockfile"], free: ["install"] },
  bun: { lock: "bun.lock", locked: ["install", "--frozen-lockfile"], free: ["install"] },
};

const isKnown = (name: string): name is keyof typeof managers => name in managers;

/**
 * The command that installs a program's packages, exactly as its lock file has them.
 *
 * @param manager of `runtime.options.packagemanager` in `Pulumi.yaml`; default npm.
 * @throws for any other than npm, pnpm, yarn and bun.
 */
export function installCommand(folder: string, manager = "npm"): [command: string, ...args: string[]] {
  if (!isKnown(manager))
    throw new Error(
      `runtime.options.packagemanager in Pulumi.yaml must be one of ${Object.keys(managers).join(", ")}, received "${manager}"`,
    );
  const { lock, locked, free } = managers[manager];
  return [manager, ...(existsSync(path.join(folder, lock)) ? locked : free)];
}
