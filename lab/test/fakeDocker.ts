import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

/** A call of the fake `docker`. */
export interface DockerCall {
  args: string[];
  environment: Record<string, string>;
  /** Content of the config file that it was given, if any. */
  config?: { auths: Record<string, { auth: string }>; credHelpers: Record<string, string> };
}

/** Id of the image that the fake `docker` builds. */
export const builtId = `sha256:${"b".repeat(64)}`;
/** Digest that its push tells. */
export const pushedDigest = `sha256:${"d".repeat(64)}`;

const script = (calls: string) => `#!${process.execPath}
const { appendFileSync, existsSync, readFileSync } = require("node:fs");
const args = process.argv.slice(2);
const file = (process.env.DOCKER_CONFIG ?? "") + "/config.json";
const config = process.env.DOCKER_CONFIG && existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
appendFileSync(${JSON.stringify(calls)}, JSON.stringify({ args, environment: process.env, config }) + "\\n");
if (process.env.FAKE_DOCKER_FAILS) { console.error(process.env.FAKE_DOCKER_FAILS); process.exit(1); }
if (args[0] === "build") console.log("Step 1/1 : FROM scratch");
if (args[0] === "image") console.log(${JSON.stringify(builtId)});
if (args[0] === "push") console.log("v1: digest: ${pushedDigest} size: 524");
`;

/** A `docker` on PATH that notes its calls and builds nothing. */
export class FakeDocker {
  readonly folder = mkdtempSync(path.join(tmpdir(), "slipway-fake-docker-"));
  readonly #calls = path.join(this.folder, "calls");
  readonly #before = { PATH: process.env.PATH, DOCKER_CONFIG: process.env.DOCKER_CONFIG };

  constructor() {
    mkdirSync(path.join(this.folder, "bin"));
    mkdirSync(this.userConfig);
    this.program("docker", script(this.#calls));
    process.env.PATH = path.join(this.folder, "bin");
    process.env.DOCKER_CONFIG = this.userConfig;
    this.forget();
  }

  /** The user's own Docker config folder, empty at first. */
  get userConfig(): string {
    return path.join(this.folder, "user");
  }

  /** Puts an executable on PATH. */
  program(name: string, text: string): void {
    const file = path.join(this.folder, "bin", name);
    writeFileSync(file, text);
    chmodSync(file, 0o755);
  }

  get calls(): DockerCall[] {
    return readFileSync(this.#calls, "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as DockerCall);
  }

  forget(): void {
    writeFileSync(this.#calls, "");
  }

  remove(): void {
    Object.assign(process.env, this.#before);
    if (this.#before.DOCKER_CONFIG === undefined) delete process.env.DOCKER_CONFIG;
    rmSync(this.folder, { recursive: true });
  }
}

/** A registry in this process that asks for a token, and gives one for a login. */
export class FakeRegistry {
  /** Digests by `repository:reference`. */
  readonly images = new Map<string, string>();
  readonly requests: string[] = [];
  /** The login that it takes; without one, everybody gets a token. */
  login?: { username: string; password: string };
  /** Statuses of the next answers, before it behaves. */
  readonly failures: number[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const [folder = "", query = ""] = (request.url ?? "").split("?", 2);
      const { authorization = "" } = request.headers;
      this.requests.push(`${request.method} ${request.url}`);
      const answer = (status: number, headers: Record<string, string> = {}, body = "") =>
        response.writeHead(status, headers).end(body);
      const failure = this.failures.shift();
      if (failure) return answer(failure);
      if (folder === "/token") {
        const given = Buffer.from(authorization.replace("Basic ", ""), "base64").toString("utf8");
        const wanted = this.login && `${this.login.username}:${this.login.password}`;
        if (wanted && wanted !== given) return answer(401);
        return answer(200, {}, JSON.stringify({ token: `for ${new URLSearchParams(query).get("scope")}` }));
      }
      const [, repository, reference] = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(folder) ?? [];
      const scope = `repository:${repository}:pull`;
      if (authorization !== `Bearer for ${scope}`) {
        const realm = `realm="http://${this.address}/token",service="fake",scope="${scope}"`;
        return answer(401, { "www-authenticate": `Bearer ${realm}` });
      }
      const digest = this.images.get(`${repository}:${reference}`);
      if (!digest && request.method === "HEAD") return answer(404);
      if (request.method === "DELETE") return answer(202);
      return answer(200, { "docker-content-digest": digest as string });
    });
  }

  static async start(): Promise<FakeRegistry> {
    const registry = new FakeRegistry();
    await new Promise<void>((resolve) => registry.#server.listen(0, "127.0.0.1", resolve));
    return registry;
  }

  /** Host and port, as image names begin with it. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
