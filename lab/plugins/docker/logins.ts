import { mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import type { Properties } from "../provider/values.ts";
import { hub, registryHost } from "./imageName.ts";

/** User name and password (or token) for a registry. */
export interface Login {
  username: string;
  password: string;
}

/** Logins by registry host. */
export type Logins = ReadonlyMap<string, Login>;

/** The parts of Docker's config file (`config.json`) that are about logins. */
interface DockerConfig {
  auths?: Record<string, { auth?: string; username?: string; password?: string }>;
  credsStore?: string;
  credHelpers?: Record<string, string>;
}

/** Docker Hub's key in Docker's config file. */
const hubKey = "https://index.docker.io/v1/";
const keyOf = (host: string) => (host === hub ? hubKey : host);

/** The folder of Docker's config file: `DOCKER_CONFIG`, else `~/.docker`. */
const configFolder = () => process.env.DOCKER_CONFIG || path.join(homedir(), ".docker");

function readConfig(folder: string): DockerConfig {
  let text: string;
  try {
    text = readFileSync(path.join(folder, "config.json"), "utf8");
  } catch {
    return {};
  }
  try {
    return JSON.parse(text) as DockerConfig;
  } catch {
    throw new Error(
      `${path.join(folder, "config.json")} is no JSON; correct it, or log in anew: docker login`,
    );
  }
}

function loginsOf({ auths = {} }: DockerConfig): Map<string, Login> {
  const logins = new Map<string, Login>();
  for (const [address, { auth = "", username, password }] of Object.entries(auths)) {
    const [name = "", ...rest] = Buffer.from(auth, "base64").toString("utf8").split(":");
    const login = { username: username ?? name, password: password ?? rest.join(":") };
    if (login.username && login.password) logins.set(registryHost(address), login);
  }
  return logins;
}

/**
 * Logins of the provider's `registryAuth`. `configFile` goes before everything, then
 * `configFileContent`, then user name and password, which default to DOCKER_REGISTRY_USER and
 * DOCKER_REGISTRY_PASS.
 */
export function givenLogins(registryAuth: Properties[]): Logins {
  const logins = new Map<string, Login>();
  for (const { address, username, password, configFile, configFileContent, authDisabled } of registryAuth) {
    if (authDisabled === true) continue;
    const host = registryHost(address as string);
    const content = configFile ? readFileSync(configFile as string, "utf8") : (configFileContent as string);
    const login = content
      ? loginsOf(JSON.parse(content) as DockerConfig).get(host)
      : {
          username: (username as string) || process.env.DOCKER_REGISTRY_USER || "",
          password: (password as string) || process.env.DOCKER_REGISTRY_PASS || "",
        };
    if (login?.username && login.password) logins.set(host, login);
  }
  return logins;
}

/** The login for a registry: a given one, else the one that `docker login` left, else none. */
export async function loginFor(host: string, given: Logins): Promise<Login | undefined> {
  const login = given.get(host);
  if (login) return login;
  const config = readConfig(configFolder());
  const helper = config.credHelpers?.[keyOf(host)] ?? config.credsStore;
  if (!helper) return loginsOf(config).get(host);
  // Loaded only where there is a helper: a plugin starts at every command.
  const { execa } = await import("execa");
  // Fails where the helper has nothing for that registry.
  const { failed, stdout } = await execa(`docker-credential-${helper}`, ["get"], {
    input: keyOf(host),
    reject: false,
  });
  if (failed) return undefined;
  const { Username, Secret } = JSON.parse(stdout) as { Username: string; Secret: string };
  return { username: Username, password: Secret };
}

/**
 * Runs `work` with the environment that makes `docker` use these logins: a config folder that lasts as
 * long as `work`, with everything else of the user's own (contexts, plugins, other logins).
 */
export async function withLogins<T>(
  given: Logins,
  work: (environment: NodeJS.ProcessEnv) => Promise<T>,
): Promise<T> {
  if (given.size === 0) return await work({});
  const own = configFolder();
  const folder = mkdtempSync(path.join(tmpdir(), "slipway-docker-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  // A plugin whose engine is killed ends in the middle of its work.
  process.once("exit", remove);
  try {
    const config = readConfig(own);
    const hosts = [...given].map(([host, login]) => [keyOf(host), login] as const);
    const auth = ({ username, password }: Login) => ({
      auth: Buffer.from(`${username}:${password}`).toString("base64"),
    });
    const merged = {
      ...config,
      auths: { ...config.auths, ...Object.fromEntries(hosts.map(([key, login]) => [key, auth(login)])) },
      // An empty helper makes Docker read `auths`, whatever store the user has.
      credHelpers: { ...config.credHelpers, ...Object.fromEntries(hosts.map(([key]) => [key, ""])) },
    };
    for (const entry of entriesOf(own))
      if (entry !== "config.json") symlinkSync(path.resolve(own, entry), path.join(folder, entry));
    writeFileSync(path.join(folder, "config.json"), JSON.stringify(merged), { mode: 0o600 });
    return await work({ DOCKER_CONFIG: folder });
  } finally {
    remove();
    process.off("exit", remove);
  }
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
