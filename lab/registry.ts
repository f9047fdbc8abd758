import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { stringify } from "yaml";
import { privateRegistryAddress, registryAddress } from "./addresses.ts";
import { registryHtpasswd, registryLogin } from "./credentials.ts";
import { findProgram } from "./debian.ts";
import { stateDir } from "./paths.ts";
import { startProcess, waitFor } from "./process.ts";

const images = path.join(stateDir, "registry");

/**
 * Configuration of the registry (distribution 2): images on disk, on loopback, deletable. With `htpasswd`,
 * a file of bcrypt hashes, it asks everyone for a login.
 */
export const registryConfig = (address: string, folder: string, htpasswd?: string): string =>
  stringify({
    version: 0.1,
    log: { level: "warn", accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: folder }, delete: { enabled: true } },
    http: { addr: address },
    ...(htpasswd ? { auth: { htpasswd: { realm: "slipway-lab", path: htpasswd } } } : {}),
  });

const authorization = `Basic ${Buffer.from(`${registryLogin.username}:${registryLogin.password}`).toString("base64")}`;

/** Serves the lab's images at an address, with a login or without. */
async function serve(name: string, address: string, htpasswd?: string): Promise<void> {
  const config = path.join(stateDir, `${name}.yml`);
  writeFileSync(config, registryConfig(address, images, htpasswd));
  const command = findProgram("docker-registry") ?? findProgram("registry");
  if (!command) throw new Error("no container registry is installed; install Debian's docker-registry");
  await startProcess({ name, command, args: ["serve", config] });
  const headers: Record<string, string> = htpasswd ? { authorization } : {};
  await waitFor(name, 15, async () => (await fetch(`http://${address}/v2/`, { headers })).ok);
}

/** Starts the lab's container registry: one set of images, with a login and without. Fails with the end of a log. */
export async function startRegistry(): Promise<void> {
  mkdirSync(images, { recursive: true });
  const htpasswd = path.join(stateDir, "registry.htpasswd");
  writeFileSync(htpasswd, registryHtpasswd, { mode: 0o600 });
  await Promise.all([
    serve("registry", registryAddress),
    serve("registry-private", privateRegistryAddress, htpasswd),
  ]);
}

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
