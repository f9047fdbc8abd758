import type { ProviderArgs, types } from "@pulumi/docker";
import sdk from "@pulumi/docker/package.json" with { type: "json" };
import type { Provider } from "../provider/provider.ts";
import type { Property } from "../provider/schema.ts";
import type { Properties } from "../provider/values.ts";
import { Engine } from "./engine.ts";
import { image } from "./image.ts";
import { givenLogins, type Logins } from "./logins.ts";
import { getRegistryImage, registryImage } from "./registryImage.ts";

/** What the provider's config comes to. */
export interface DockerClient {
  engine: Engine;
  /** Of `registryAuth`. */
  logins: Logins;
}

const registryAuth = {
  address: { type: "string", required: true },
  authDisabled: { type: "boolean" },
  configFile: { type: "string" },
  configFileContent: { type: "string", secret: true },
  password: { type: "string", secret: true },
  username: { type: "string" },
} satisfies Record<keyof types.input.ProviderRegistryAuth, Property>;

const config = {
  caMaterial: { type: "string" },
  certMaterial: { type: "string" },
  certPath: { type: "string" },
  context: { type: "string" },
  disableDockerDaemonCheck: { type: "boolean" },
  host: { type: "string" },
  keyMaterial: { type: "string", secret: true },
  registryAuth: { type: { list: { object: registryAuth } } },
  sshOpts: { type: { list: "string" } },
} satisfies Record<keyof ProviderArgs, Property>;

/** Config as the environment that `docker` reads. A context goes before a host, as in the official plugin. */
export function engineEnvironment(given: Properties): NodeJS.ProcessEnv {
  const { host, context, certPath } = given as Record<string, string | undefined>;
  for (const name of ["caMaterial", "certMaterial", "keyMaterial", "sshOpts"])
    if (given[name] !== undefined)
      throw new Error(`docker:${name} is not in this stand-in; use docker:certPath, or a Docker context`);
  return {
    ...(context ? { DOCKER_CONTEXT: context, DOCKER_HOST: undefined } : host ? { DOCKER_HOST: host } : {}),
    ...(certPath ? { DOCKER_CERT_PATH: certPath, DOCKER_TLS_VERIFY: "1" } : {}),
  };
}

/**
 * The provider. `disableDockerDaemonCheck` has nothing to turn off: an engine is asked for only where
 * something is built or pushed.
 */
export function docker(): Provider<DockerClient> {
  return {
    name: "docker",
    version: sdk.version.replace(/^v/, ""),
    config,
    configure: (given) => ({
      engine: new Engine(engineEnvironment(given)),
      logins: givenLogins((given.registryAuth ?? []) as Properties[]),
    }),
    resources: {
      "docker:index/image:Image": image,
      "docker:index/registryImage:RegistryImage": registryImage,
    },
    functions: { "docker:index/getRegistryImage:getRegistryImage": getRegistryImage },
  };
}
