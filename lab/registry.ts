import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { stringify } from "yaml";
import { registryAddress } from "./addresses.ts";
import { findProgram } from "./debian.ts";
import { stateDir } from "./paths.ts";
import { startProcess, stopProcess, waitFor } from "./process.ts";

/** Configuration of the registry (distribution 2): images on disk, on loopback, deletable. */
export const registryConfig = (address: string, folder: string): string =>
  stringify({
    version: 0.1,
    log: { level: "warn", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: folder }, delete: { enabled: true } },
    http: { addr: address },
  });

/** Starts the lab's container registry. Fails with the end of its log. */
export async function startRegistry(): Promise<void> {
  const folder = path.join(stateDir, "registry");
  mkdirSync(folder, { recursive: true });
  const config = path.join(stateDir, "registry.yml");
  writeFileSync(config, registryConfig(registryAddress, folder));
  const command = findProgram("docker-registry") ?? findProgram("registry");
  if (!command) throw new Error("no container registry is installed; install Debian's docker-registry");
  await startProcess({ name: "registry", command, args: ["serve", config] });
  await waitFor("registry", 15, async () => (await fetch(`http://${registryAddress}/v2/`)).ok);
}

/** Stops the registry. */
export const stopRegistry = () => stopProcess("registry");

/** Repositories and tags that the registry holds, for `lab status` and tests. */
export async function registryContents(): Promise<Record<string, string[]>> {
  const get = async (endpoint: string) =>
    (await (await fetch(`http://${registryAddress}/v2/${endpoint}`)).json()) as Record<
      string,
      string[] | null
    >;
  const repositories = (await get("_catalog")).repositories ?? [];
  return Object.fromEntries(
    await Promise.all(
      repositories.map(async (name) => [name, (await get(`${name}/tags/list`)).tags ?? []] as const),
    ),
  );
}
