import type { Image as SdkImage, ImageArgs, types } from "@pulumi/docker";
import { existsSync, statSync } from "node:fs";
import path from "node:path";
import type { Call, Found, Resource } from "../provider/provider.ts";
import type { Failure, Property } from "../provider/schema.ts";
import { isObject, unknown, type Properties, type Value } from "../provider/values.ts";
import { contextDigest } from "./contextDigest.ts";
import type { DockerClient } from "./docker.ts";
import { parseImageName, registryHost } from "./imageName.ts";
import type { Logins } from "./logins.ts";

const build = {
  addHosts: { type: { list: "string" } },
  args: { type: { map: "string" } },
  builderVersion: { type: "string" },
  cacheFrom: { type: { object: { images: { type: { list: "string" } } } } },
  context: { type: "string" },
  // Not the program's: added by each check, so that changed files are a difference.
  contextDigest: { type: "string" },
  dockerfile: { type: "string" },
  network: { type: "string" },
  platform: { type: "string" },
  target: { type: "string" },
} satisfies Record<keyof types.input.DockerBuild | "contextDigest", Property>;

const registry = {
  password: { type: "string", unnoticed: true },
  server: { type: "string" },
  username: { type: "string", unnoticed: true },
} satisfies Record<keyof types.input.Registry, Property>;

const inputs = {
  build: { type: { object: build } },
  buildOnPreview: { type: "boolean" },
  imageName: { type: "string", required: true },
  registry: { type: { object: registry } },
  skipPush: { type: "boolean" },
} satisfies Record<keyof ImageArgs, Property>;

const output: Property = { type: "string", output: true };
const outputs = {
  baseImageName: output,
  context: output,
  dockerfile: output,
  platform: output,
  registryServer: output,
  repoDigest: output,
} satisfies Record<Exclude<keyof SdkImage, keyof ImageArgs | "id" | "urn" | "getProvider">, Property>;

/** Docker's names of processor architectures where Node has others. */
const architectures: Partial<Record<NodeJS.Architecture, string>> = { x64: "amd64", ia32: "386" };
const hostPlatform = () => `linux/${architectures[process.arch] ?? process.arch}`;

const objectOr = (value: Value | undefined) => (isObject(value) ? value : {});

/** Context folder and Dockerfile of a build, with the defaults of the official plugin. */
function places(given: Properties): { context: Value; dockerfile: Value } {
  const context = given.context ?? ".";
  const usual = context === unknown ? unknown : path.join(context as string, "Dockerfile");
  return { context, dockerfile: given.dockerfile ?? usual };
}

const isFolder = (file: string) => statSync(file, { throwIfNoEntry: false })?.isDirectory() ?? false;

function failures({ build: given, registry: server }: Properties): Failure[] {
  const { context, dockerfile } = places(objectOr(given));
  const { builderVersion } = objectOr(given);
  const found: Failure[] = [];
  const fail = (property: string, reason: string) => found.push({ property, reason });
  if (typeof context === "string" && !isFolder(context))
    fail("build.context", `must be a folder, received ${JSON.stringify(context)}, which is none`);
  else if (typeof dockerfile === "string" && !existsSync(dockerfile)) {
    const inContext = path.join(String(context), dockerfile);
    const fix = existsSync(inContext) ? `; did you mean ${JSON.stringify(inContext)}?` : "";
    fail(
      "build.dockerfile",
      `must be a file, relative to the project; there is no ${JSON.stringify(dockerfile)}${fix}`,
    );
  }
  if (!["BuilderV1", "BuilderBuildKit", unknown, undefined].includes(builderVersion as string | undefined))
    fail(
      "build.builderVersion",
      `must be "BuilderV1" or "BuilderBuildKit", received ${JSON.stringify(builderVersion)}`,
    );
  const { username, password } = objectOr(server);
  if ((username === undefined) !== (password === undefined))
    fail("registry", "must have both username and password, or neither");
  return found;
}

function normalise(given: Properties): Properties {
  const options = objectOr(given.build);
  const { context, dockerfile } = places(options);
  const isKnown = typeof context === "string" && typeof dockerfile === "string";
  return {
    ...given,
    build: {
      ...options,
      platform: options.platform ?? hostPlatform(),
      contextDigest: isKnown ? contextDigest(context, dockerfile) : unknown,
    },
  };
}

/** The image's own login, if it has one, beside the provider's. */
function loginsOf(client: DockerClient, name: string, given: Value | undefined): Logins {
  const { server, username, password } = objectOr(given);
  if (!username || !password) return client.logins;
  const host = server ? registryHost(server as string) : parseImageName(name).host;
  return new Map([...client.logins, [host, { username: username as string, password: password as string }]]);
}

async function make(client: DockerClient, given: Properties, call: Call): Promise<Found> {
  const name = given.imageName as string;
  const options = objectOr(given.build);
  const { context, dockerfile } = places(options) as { context: string; dockerfile: string };
  const logins = loginsOf(client, name, given.registry);
  const id = await client.engine.build(
    {
      name,
      context,
      dockerfile,
      args: objectOr(options.args) as Record<string, string>,
      platform: options.platform as string,
      target: options.target as string | undefined,
      builderVersion: options.builderVersion as string | undefined,
      cacheFrom: (objectOr(options.cacheFrom).images ?? []) as string[],
      network: options.network as string | undefined,
      addHosts: (options.addHosts ?? []) as string[],
    },
    logins,
    call,
  );
  const repoDigest = given.skipPush === true ? id : await client.engine.push(name, logins, call);
  const state = {
    baseImageName: name,
    imageName: name,
    registryServer: (objectOr(given.registry).server ?? "") as string,
    context,
    dockerfile: path.relative(context, dockerfile),
    platform: options.platform as string,
    repoDigest,
    // Where the official plugin keeps them, to compare with what the program wants next.
    __inputs: given,
  };
  return { id: name, state };
}

/**
 * `docker.Image`: built by every create and update, and never looked for or deleted, as the official
 * plugin has it. Nothing is built in a preview (`buildOnPreview` is taken and has no effect).
 */
export const image: Resource<DockerClient> = {
  schema: {
    ...inputs,
    ...outputs,
    __inputs: { type: { object: {} }, output: true, secret: true },
  },
  comparesInputs: true,
  failures,
  normalise,
  preview: (state, changed) => (changed.length > 0 ? { ...state, repoDigest: unknown } : state),
  create: make,
  async update(client, _old, given, _changed, call) {
    return (await make(client, given, call)).state;
  },
  async delete() {},
};
