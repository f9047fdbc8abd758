import { createInterface } from "node:readline";
import type { Call } from "../provider/provider.ts";
import { parseImageName } from "./imageName.ts";
import { withLogins, type Logins } from "./logins.ts";

/** An image to be built. */
export interface Build {
  name: string;
  context: string;
  dockerfile: string;
  args: Record<string, string>;
  platform: string;
  target?: string;
  builderVersion?: string;
  cacheFrom: string[];
  network?: string;
  addHosts: string[];
}

/** Flags and environment of a `docker build`. */
export function buildCommand(
  build: Build,
  environment: NodeJS.ProcessEnv,
): { flags: string[]; env: NodeJS.ProcessEnv } {
  // A build argument may be secret: `docker` takes its value from the environment, out of sight of
  // other users, unless that name means something to `docker` itself.
  const taken = ([name]: [string, string]) => name in environment || /^(DOCKER|BUILD|HTTPS?_|NO_)/.test(name);
  const args = Object.entries(build.args);
  const option = (flag: string, value: string | undefined) => (value ? [flag, value] : []);
  return {
    flags: [
      ...["--tag", build.name, "--file", build.dockerfile, "--platform", build.platform],
      ...args.flatMap((arg) => ["--build-arg", taken(arg) ? arg.join("=") : arg[0]]),
      ...option("--target", build.target),
      ...option("--network", build.network),
      ...build.cacheFrom.flatMap((image) => ["--cache-from", image]),
      ...build.addHosts.flatMap((host) => ["--add-host", host]),
      build.context,
    ],
    env: {
      ...Object.fromEntries(args.filter((arg) => !taken(arg))),
      // A provenance attestation would give the same content another digest at each build.
      BUILDX_NO_DEFAULT_ATTESTATIONS: "1",
      ...(build.builderVersion ? { DOCKER_BUILDKIT: build.builderVersion === "BuilderV1" ? "0" : "1" } : {}),
    },
  };
}

const shownLines = 20;

/** A Docker engine, by way of the `docker` on PATH. */
export class Engine {
  readonly #environment: NodeJS.ProcessEnv;

  /** `environment`: which engine, in the variables that `docker` knows; default the user's own. */
  constructor(environment: NodeJS.ProcessEnv) {
    this.#environment = environment;
  }

  /** Builds an image and gives its id, `sha256:…`. */
  async build(build: Build, logins: Logins, call: Call): Promise<string> {
    const { flags, env } = buildCommand(build, { ...process.env, ...this.#environment });
    await this.#run(`building ${build.name}`, ["build", ...flags], env, logins, call);
    const lines = await this.#run(
      `looking for ${build.name}`,
      ["image", "inspect", "--format", "{{.Id}}", build.name],
      {},
      new Map(),
      { ...call, status: () => {} },
    );
    return lines.at(-1) as string;
  }

  /** Pushes an image under its name, and gives `repository@sha256:…`. */
  async push(name: string, logins: Logins, call: Call): Promise<string> {
    const lines = await this.#run(`pushing ${name}`, ["push", name], {}, logins, call);
    const digest = lines.map((line) => /digest: (sha256:[0-9a-f]{64})/.exec(line)?.[1]).find(Boolean);
    if (!digest) throw new Error(`pushing ${name}: docker did not tell the digest; it said: ${lines.at(-1)}`);
    return `${parseImageName(name).bare}@${digest}`;
  }

  /** Runs `docker`, shows its lines as they come and gives them. Fails with the last ones. */
  async #run(
    what: string,
    args: string[],
    env: NodeJS.ProcessEnv,
    logins: Logins,
    call: Call,
  ): Promise<string[]> {
    // Loaded only where something is built: a plugin starts at every command.
    const { execa } = await import("execa");
    return await withLogins(logins, async (loginEnvironment) => {
      const docker = execa("docker", args, {
        env: { ...this.#environment, ...env, ...loginEnvironment },
        stdin: "ignore",
        all: true,
        buffer: false,
        reject: false,
        cancelSignal: call.signal,
      });
      const lines: string[] = [];
      for await (const line of createInterface({ input: docker.all })) {
        if (!line.trim()) continue;
        lines.push(line);
        call.status(line);
      }
      const { failed, isCanceled, code, exitCode } = await docker;
      if (isCanceled) throw new Error(`${what}: interrupted`);
      if (code === "ENOENT")
        throw new Error(`${what}: there is no docker on PATH; install it, or take the image from a registry`);
      if (failed)
        throw new Error(`${what}: docker ended with ${exitCode}:\n${lines.slice(-shownLines).join("\n")}`);
      return lines;
    });
  }
}
