import type { GetRegistryImageArgs, RegistryImageArgs, types } from "@pulumi/docker";
import type { Found, Invocable, Resource } from "../provider/provider.ts";
import type { Property } from "../provider/schema.ts";
import type { Properties, Value } from "../provider/values.ts";
import type { DockerClient } from "./docker.ts";
import { parseImageName, registryHost } from "./imageName.ts";
import { loginFor, type Logins } from "./logins.ts";
import { deleteManifest, manifestDigest } from "./registry.ts";

const authConfig = {
  address: { type: "string", required: true },
  password: { type: "string", secret: true, unnoticed: true },
  username: { type: "string", unnoticed: true },
} satisfies Record<keyof types.input.RegistryImageAuthConfig, Property>;

const inputs = {
  authConfig: { type: { object: authConfig }, secret: true },
  build: { type: { object: {} } },
  insecureSkipVerify: { type: "boolean", default: false },
  keepRemotely: { type: "boolean", default: false },
  name: { type: "string", required: true, replaces: true },
  triggers: { type: { map: "string" }, replaces: true },
} satisfies Record<keyof RegistryImageArgs, Property>;

/** The resource's own login, if it has one, before the provider's. */
function loginsOf(client: DockerClient, given: Value | undefined): Logins {
  const { address, username, password } = (given ?? {}) as Record<string, string>;
  return username && password
    ? new Map([...client.logins, [registryHost(address as string), { username, password }]])
    : client.logins;
}

/** What the registry has under a name, as both the resource and the function tell it. */
async function look(
  name: string,
  logins: Logins,
  signal: AbortSignal,
): Promise<{ id: string; sha256Digest: string } | undefined> {
  const image = parseImageName(name);
  const digest = await manifestDigest(image, await loginFor(image.host, logins), signal);
  return digest === undefined ? undefined : { id: digest, sha256Digest: digest };
}

/** `docker.RegistryImage`: an image of the engine, pushed. */
export const registryImage: Resource<DockerClient> = {
  schema: { ...inputs, sha256Digest: { type: "string", output: true } },

  failures({ build, insecureSkipVerify }) {
    const none = "is not in this stand-in";
    return [
      ...(build === undefined ? [] : [{ property: "build", reason: `${none}; build with docker.Image` }]),
      ...(insecureSkipVerify === true
        ? [{ property: "insecureSkipVerify", reason: `${none}; it talks plain HTTP to a loopback registry` }]
        : []),
    ];
  },

  async create(client, given, call): Promise<Found> {
    const name = given.name as string;
    const logins = loginsOf(client, given.authConfig);
    await client.engine.push(name, logins, call);
    const found = await look(name, logins, call.signal);
    if (!found) throw new Error(`registry ${parseImageName(name).host}: ${name} was pushed but is not there`);
    return { id: found.id, state: { ...given, sha256Digest: found.sha256Digest } };
  },

  async read(client, _id, state, { signal }): Promise<Found | undefined> {
    // An id is no name: without its state there is nothing to look for.
    if (typeof state.name !== "string")
      throw new Error("docker.RegistryImage can't be imported; a program's next update pushes the image");
    const found = await look(state.name, loginsOf(client, state.authConfig), signal);
    return found && { id: found.id, state: { ...state, sha256Digest: found.sha256Digest } };
  },

  async update(_client, { state }, given): Promise<Properties> {
    return { ...given, sha256Digest: state.sha256Digest as Value };
  },

  async delete(client, { state }, { signal }) {
    if (state.keepRemotely === true) return;
    const image = parseImageName(state.name as string);
    const login = await loginFor(image.host, loginsOf(client, state.authConfig));
    await deleteManifest(image, state.sha256Digest as string, login, signal);
  },
};

/** `docker.getRegistryImage`: what a registry has under a name. */
export const getRegistryImage: Invocable<DockerClient> = {
  inputs: {
    insecureSkipVerify: { type: "boolean" },
    name: { type: "string", required: true },
  } satisfies Record<keyof GetRegistryImageArgs, Property>,
  async run(client, given, { signal }) {
    const name = given.name as string;
    const found = await look(name, client.logins, signal);
    if (!found)
      throw new Error(`registry ${parseImageName(name).host}: there is no image ${name}; check name and tag`);
    return { ...given, ...found };
  },
};
