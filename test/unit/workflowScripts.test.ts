import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { image, pipeline } from "./workflowCases";
import { jobOf, read } from "./workflowReading";

const digest = `sha256:${"d".repeat(64)}`;
const commit = "c".repeat(40);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "slipway-workflow-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const fileIn = (name: string) => path.join(folder, name);

/** Puts a program in the place of `docker`, which writes down how it was called. */
function docker(...lines: string[]): void {
  writeFileSync(
    fileIn("docker"),
    ["#!/bin/bash", `echo "$*" >> "${fileIn("calls")}"`, ...lines, ""].join("\n"),
  );
  chmodSync(fileIn("docker"), 0o755);
}

const calls = () => readFileSync(fileIn("calls"), "utf8").trimEnd().split("\n");

interface Outcome {
  code: number;
  /** Both streams. */
  said: string;
  outputs: string;
}

/** Runs a step of the release workflow as a runner does: its script by bash, with its outputs in a file. */
async function runStep(name: string, env: Record<string, string> = {}): Promise<Outcome> {
  const job = jobOf(read({ pipeline: pipeline(), image }, "app/release.yaml"), "release");
  const step = job.steps.find((step) => step.name === name);
  assert.ok(step?.run, `there is no step ${name}`);
  writeFileSync(fileIn("script.sh"), step.run);
  writeFileSync(fileIn("outputs"), "");
  const whole = {
    PATH: `${folder}:${process.env.PATH}`,
    IMAGE: "shop/web",
    TAG: "v0.0.2",
    CONTEXT: "app",
    GITHUB_SHA: commit,
    GITHUB_REPOSITORY: "shop/web",
    GITHUB_SERVER_URL: "https://github.invalid",
    GITHUB_OUTPUT: fileIn("outputs"),
    GITHUB_ENV: fileIn("env"),
    GITHUB_STEP_SUMMARY: fileIn("summary"),
    RUNNER_TEMP: folder,
    ...env,
  };
  const shell = ["--noprofile", "--norc", "-eo", "pipefail", fileIn("script.sh")];
  return await new Promise((resolve) => {
    execFile("bash", shell, { env: whole, cwd: folder }, (error, stdout, stderr) =>
      resolve({
        code: error ? Number(error.code) : 0,
        said: stdout + stderr,
        outputs: readFileSync(fileIn("outputs"), "utf8"),
      }),
    );
  });
}

describe("release workflow's check of the tag", () => {
  for (const tag of ["v0.0.2", "1.0", "_x-Y.z", "a".repeat(128)])
    it(`takes ${tag.slice(0, 20)}`, async () => {
      assert.equal((await runStep("Check the tag", { TAG: tag })).code, 0);
    });
  for (const tag of ["v1.0.0+build", "release/v1", "-v1", "", "a".repeat(129), 'v1"; exit 0; #'])
    it(`fails for ${JSON.stringify(tag.slice(0, 20))}, saying what a tag is`, async () => {
      const { code, said } = await runStep("Check the tag", { TAG: tag });
      assert.equal(code, 1);
      assert.match(said, /up to 128 letters, digits/);
    });
});

describe("release workflow's login", () => {
  it("gives the token on standard input, and leaves it in a folder that ends with the job", async () => {
    docker(`cat > "${fileIn("input")}"; echo "$DOCKER_CONFIG" >> "${fileIn("calls")}"`);
    const login = { REGISTRY_USERNAME: "me", REGISTRY_PASSWORD: "canary registry$token" };
    const { code, said } = await runStep("Log in to docker.io", login);
    assert.deepEqual([code, said], [0, ""]);
    assert.deepEqual(calls(), ["login docker.io --username me --password-stdin", fileIn("docker-login")]);
    assert.equal(readFileSync(fileIn("input"), "utf8"), "canary registry$token");
    assert.equal(readFileSync(fileIn("env"), "utf8"), `DOCKER_CONFIG=${fileIn("docker-login")}\n`);
  });

  it("fails where the registry refuses it", async () => {
    docker("cat > /dev/null; echo unauthorized >&2; exit 1");
    const { code } = await runStep("Log in to docker.io", {
      REGISTRY_USERNAME: "me",
      REGISTRY_PASSWORD: "x",
    });
    assert.equal(code, 1);
  });
});

describe("release workflow's look into the registry", () => {
  const look = () => runStep("Look for the image in the registry");
  const pulled = `echo "Digest: ${digest}"; echo "Status: Image is up to date"`;

  it("takes what was built from this commit", async () => {
    docker(`if [[ $1 = pull ]]; then ${pulled}; else echo ${commit}; fi`);
    const { code, outputs } = await look();
    assert.deepEqual([code, outputs], [0, `digest=${digest}\n`]);
    assert.equal(calls()[0], "pull shop/web:v0.0.2");
  });

  it("fails for what was built from another commit, and says which", async () => {
    docker(`if [[ $1 = pull ]]; then ${pulled}; else echo ${"b".repeat(40)}; fi`);
    const { code, said, outputs } = await look();
    assert.deepEqual([code, outputs], [1, ""]);
    assert.match(
      said,
      /::error title=A released tag is never overwritten::shop\/web:v0.0.2 is in the registry, built from commit b+, and this is c+\. Publish it under a new tag\./,
    );
  });

  it("fails for what was pushed by somebody else", async () => {
    docker(`if [[ $1 = pull ]]; then ${pulled}; else echo; fi`);
    const { code, said } = await look();
    assert.equal(code, 1);
    assert.match(said, /built from commit unknown/);
  });

  // As Docker 20.10, Docker 28 and Docker with containerd's images say it of docker.io and other registries.
  for (const message of [
    "Error response from daemon: manifest for shop/web:v0.0.2 not found: manifest unknown: manifest unknown",
    "Error response from daemon: manifest for shop/web:v0.0.2 not found: name unknown: repository name not known to registry",
    "Error response from daemon: pull access denied for shop/web, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
    'Error response from daemon: failed to resolve reference "docker.io/shop/web:v0.0.2": docker.io/shop/web:v0.0.2: not found',
  ])
    it(`goes on where there is none: ${message.replace(/^.*daemon: /, "")}`, async () => {
      docker(`echo ${JSON.stringify(message)} >&2; exit 1`);
      assert.deepEqual(await look(), { code: 0, said: "", outputs: "" });
    });

  for (const message of [
    'Error response from daemon: Get "https://registry.invalid/v2/": dial tcp: lookup registry.invalid: no such host',
    'Error response from daemon: Get "http://127.0.0.1:5000/v2/": dial tcp 127.0.0.1:5000: connect: connection refused',
    "Error response from daemon: toomanyrequests: You have reached your pull rate limit",
    'Error response from daemon: Get "https://registry.invalid/v2/shop/web/manifests/v0.0.2": unauthorized: authentication required',
  ])
    it(`fails where it can't be asked: ${message.replace(/^.*daemon: /, "")}`, async () => {
      docker(`echo '${message}' >&2; exit 1`);
      const { code, said, outputs } = await look();
      assert.deepEqual([code, outputs], [1, ""]);
      assert.ok(said.includes(message));
    });
});

describe("release workflow's build", () => {
  const engine = (buildx: boolean) =>
    docker(
      `if [[ $1 = buildx ]]; then exit ${buildx ? 0 : 1}; fi`,
      `if [[ $1 = push && $2 != --quiet ]]; then echo "5f70bf18a086: Pushed"; echo "v0.0.2: digest: ${digest} size: 527"; fi`,
    );

  it("pushes an image that says what it is, and gives the digest that the registry took", async () => {
    engine(true);
    const { code, outputs } = await runStep("Build and push");
    assert.deepEqual([code, outputs], [0, `digest=${digest}\n`]);
    assert.deepEqual(calls(), [
      "buildx version",
      [
        "build --cache-from shop/web:buildcache --build-arg BUILDKIT_INLINE_CACHE=1 --build-arg VERSION=v0.0.2",
        "--label org.opencontainers.image.source=https://github.invalid/shop/web",
        `--label org.opencontainers.image.revision=${commit}`,
        "--label org.opencontainers.image.version=v0.0.2",
        "--tag shop/web:v0.0.2 --tag shop/web:buildcache app",
      ].join(" "),
      "push shop/web:v0.0.2",
      "push --quiet shop/web:buildcache",
    ]);
  });

  it("leaves the cache to an engine without BuildKit", async () => {
    engine(false);
    const { code, outputs } = await runStep("Build and push");
    assert.deepEqual([code, outputs], [0, `digest=${digest}\n`]);
    assert.doesNotMatch(calls().join("\n"), /cache-from|BUILDKIT|push --quiet/);
  });

  it("fails with a build, and with a push", async () => {
    for (const command of ["build", "push"]) {
      docker(`if [[ $1 = ${command} ]]; then echo "no ${command}" >&2; exit 7; fi`);
      const { code, outputs } = await runStep("Build and push");
      assert.deepEqual([code, outputs], [7, ""]);
    }
  });
});

describe("release workflow's word to the config repository", () => {
  /** What GitHub was asked, by whom. */
  interface Asked {
    url?: string;
    headers: IncomingHttpHeaders;
    body: string;
  }

  async function tell(answers: number[], env: Record<string, string> = {}) {
    const asked: Asked[] = [];
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk) => (body += chunk));
      request.on("end", () => {
        asked.push({ url: `${request.method} ${request.url}`, headers: request.headers, body });
        const status = answers[asked.length - 1] ?? 204;
        response.writeHead(status).end(status === 204 ? undefined : '{"message":"Bad credentials"}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const outcome = await runStep("Tell juggernaut/slipway", {
      GITHUB_API_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      CONFIG_REPOSITORY: "juggernaut/slipway",
      CONFIG_BRANCH: "main",
      DISPATCH_TOKEN: "canary-dispatch-not-a-secret",
      DIGEST: digest,
      PRERELEASE: "false",
      ...env,
    });
    server.close();
    return { ...outcome, asked };
  }

  it("starts the bump on the branch, with the tag and its digest", async () => {
    const { code, asked } = await tell([204]);
    assert.equal(code, 0);
    assert.equal(asked.length, 1);
    assert.equal(asked[0]?.url, "POST /repos/juggernaut/slipway/actions/workflows/bump.yaml/dispatches");
    assert.equal(asked[0]?.headers.authorization, "Bearer canary-dispatch-not-a-secret");
    assert.deepEqual(JSON.parse(asked[0]?.body ?? ""), {
      ref: "main",
      inputs: { tag: "v0.0.2", digest, prerelease: "false" },
    });
    assert.match(
      readFileSync(fileIn("summary"), "utf8"),
      /^shop\/web:v0.0.2@sha256:d+, told to \[juggernaut\/slipway\]/,
    );
  });

  it("is said again where GitHub was not there for a moment", async () => {
    const { code, asked } = await tell([503, 204]);
    assert.deepEqual([code, asked.length], [0, 2]);
    assert.equal(asked[0]?.body, asked[1]?.body);
  });

  it("fails once and for all where GitHub refuses, with GitHub's words and what to look at", async () => {
    const { code, said, asked } = await tell([401]);
    assert.deepEqual([code, asked.length], [1, 1]);
    assert.match(said, /Bad credentials/);
    assert.match(said, /Is DISPATCH_TOKEN still valid, and may it write Actions there\?/);
    assert.doesNotMatch(said, /canary/);
  });

  it("fails without a digest, and says nothing to GitHub", async () => {
    const { code, said, asked } = await tell([], { DIGEST: "" });
    assert.deepEqual([code, asked.length], [1, 0]);
    assert.match(said, /Docker did not say which digest shop\/web:v0.0.2 has/);
  });

  it("has the token on no command line", () => {
    const job = jobOf(read({ pipeline: pipeline(), image }, "app/release.yaml"), "release");
    const script = job.steps.find(({ name }) => name === "Tell juggernaut/slipway")?.run ?? "";
    assert.equal(script.match(/\$DISPATCH_TOKEN/g)?.length, 1);
    assert.match(script, /--header @<\(printf [^)]*"\$DISPATCH_TOKEN"\)/);
  });
});
