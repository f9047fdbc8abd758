import assert from "node:assert/strict";
import { execa } from "execa";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { docker, engineEnvironment } from "../plugins/docker/docker.ts";
import { parseImageName } from "../plugins/docker/imageName.ts";
import { givenLogins, loginFor } from "../plugins/docker/logins.ts";
import { unknown, type Properties } from "../plugins/provider/values.ts";
import { FakeDocker, FakeRegistry, pushedDigest } from "./fakeDocker.ts";
import { engineOf } from "./pluginEngine.ts";

const look = "docker:index/getRegistryImage:getRegistryImage";
const login = { username: "robot", password: "canary-password" };
const digest = `sha256:${"1".repeat(64)}`;

describe("docker.RegistryImage of the stand-in", () => {
  let fake: FakeDocker;
  let registry: FakeRegistry;
  let engine: Awaited<ReturnType<typeof engineOf>>;
  let name: string;
  const wanted = (more: Properties = {}): Properties => ({
    name,
    keepRemotely: true,
    triggers: { image: "sha256:1" },
    ...more,
  });
  const checked = async (inputs: Properties) => {
    const { inputs: result, failures } = await engine.check(inputs);
    assert.deepEqual(failures, []);
    return result.values;
  };
  const created = async (more: Properties = {}) => await engine.create(await checked(wanted(more)));

  beforeEach(async () => {
    fake = new FakeDocker();
    registry = await FakeRegistry.start();
    registry.login = login;
    registry.images.set("juggernaut/app:v1", digest);
    name = `${registry.address}/juggernaut/app:v1`;
    engine = await engineOf(docker(), "docker:index/registryImage:RegistryImage");
    await engine.configure({ registryAuth: [{ address: registry.address, ...login }] });
  });

  afterEach(() => {
    engine.close();
    registry.stop();
    fake.remove();
  });

  it("pushes nothing in a preview, where the digest is not known", async () => {
    const { state } = await engine.create(await checked(wanted()), { preview: true });
    assert.equal(state.sha256Digest, unknown);
    assert.equal(fake.calls.length, 0);
    assert.deepEqual(registry.requests, []);
  });

  it("pushes the image, and ends in the registry's digest", async () => {
    const { id, state } = await created();
    assert.equal(id, digest);
    assert.deepEqual(state, { ...wanted(), insecureSkipVerify: false, sha256Digest: digest });
    assert.deepEqual(
      fake.calls.map(({ args }) => args),
      [["push", name]],
    );
    assert.deepEqual(engine.lines, [`v1: digest: ${pushedDigest} size: 524`]);
  });

  it("has its own login before the provider's, kept secret", async () => {
    registry.login = { username: "own", password: "canary-own" };
    const authConfig = { address: registry.address, ...registry.login };
    const { secrets } = await created({ authConfig });
    assert.deepEqual(secrets, ["/authConfig"]);
    const auth = Buffer.from("own:canary-own").toString("base64");
    assert.deepEqual(fake.calls[0]?.config?.auths, { [registry.address]: { auth } });
  });

  it("is replaced for another name or trigger, and nothing else", async () => {
    const kept = await created();
    const diff = async (more: Properties) => await engine.diff(kept, await checked(wanted(more)));
    const none = { changes: [], replaces: [], deleteBeforeReplace: false };
    assert.deepEqual(await diff({}), none);
    assert.deepEqual(await diff({ name: `${name}.1` }), { ...none, changes: ["name"], replaces: ["name"] });
    assert.deepEqual(await diff({ triggers: { image: "sha256:2" } }), {
      changes: ["triggers.image"],
      replaces: ["triggers"],
      deleteBeforeReplace: true,
    });
    assert.deepEqual((await diff({ triggers: { image: unknown } })).replaces, ["triggers"]);
    assert.deepEqual(await diff({ keepRemotely: false }), { ...none, changes: ["keepRemotely"] });
  });

  it("pushes nothing in an update", async () => {
    const kept = await created();
    fake.forget();
    const { state } = await engine.update(kept, await checked(wanted({ keepRemotely: false })));
    assert.equal(state.sha256Digest, digest);
    assert.equal(state.keepRemotely, false);
    assert.equal(fake.calls.length, 0);
  });

  it("is what the registry says in a refresh: the same, moved, or gone", async () => {
    const kept = await created();
    assert.deepEqual(await engine.read(kept), kept);
    const moved = `sha256:${"2".repeat(64)}`;
    registry.images.set("juggernaut/app:v1", moved);
    const found = await engine.read(kept);
    assert.deepEqual([found?.id, found?.state.sha256Digest], [moved, moved]);
    registry.images.clear();
    assert.equal(await engine.read(kept), undefined);
  });

  it("stays in the registry, unless it shall not", async () => {
    await engine.delete(await created());
    assert.deepEqual(
      registry.requests.filter((request) => request.startsWith("DELETE")),
      [],
    );
    await engine.delete(await created({ keepRemotely: false }));
    assert.equal(registry.requests.at(-1), `DELETE /v2/juggernaut/app/manifests/${digest}`);
  });

  it("fails to go from a registry that deletes nothing, and says what to do", async () => {
    const kept = await created({ keepRemotely: false });
    registry.failures.push(405);
    await assert.rejects(engine.delete(kept), /: 405 for juggernaut\/app:sha256:1+; .*set keepRemotely$/);
  });

  it("fails a check of what only the official provider has", async () => {
    const { failures } = await engine.check(wanted({ insecureSkipVerify: true, build: {} }));
    assert.deepEqual(
      failures.map((failure) => failure.split(":", 1)[0]),
      ["build", "insecureSkipVerify"],
    );
  });

  it("fails an import, as an id is no name", async () => {
    await assert.rejects(engine.read({ id: digest }), /can't be imported/);
  });

  it("is found by its name", async () => {
    const { values } = await engine.invoke(look, { name });
    assert.deepEqual(values, { id: digest, name, sha256Digest: digest });
  });

  it("is asked for again after a server error", async () => {
    registry.failures.push(503);
    const { values } = await engine.invoke(look, { name });
    assert.equal(values.sha256Digest, digest);
  });

  it("fails where there is none of that name, and says which", async () => {
    registry.images.clear();
    await assert.rejects(engine.invoke(look, { name }), {
      message: `registry ${registry.address}: there is no image ${name}; check name and tag`,
    });
  });

  it("fails with a wrong login, and never shows it", async () => {
    registry.login = { username: "robot", password: "canary-other" };
    await assert.rejects(engine.invoke(look, { name }), (error: Error) => {
      assert.match(error.message, /401 for a token; check the user name and password$/);
      return !error.message.includes("canary");
    });
  });

  it("fails in one line where the registry can't be reached", async () => {
    registry.stop();
    await assert.rejects(engine.invoke(look, { name }), (error: Error) => {
      assert.match(error.message, /^registry 127\.0\.0\.1:\d+ can't be reached: .*ECONNREFUSED.*$/);
      return true;
    });
  });
});

describe("an image's name", () => {
  const names: [string, string, string, string, string][] = [
    ["ubuntu", "docker.io", "library/ubuntu", "latest", "ubuntu"],
    ["juggernaut/app:v1", "docker.io", "juggernaut/app", "v1", "juggernaut/app"],
    [
      "index.docker.io/juggernaut/app",
      "docker.io",
      "juggernaut/app",
      "latest",
      "index.docker.io/juggernaut/app",
    ],
    ["127.0.0.1:5000/app", "127.0.0.1:5000", "app", "latest", "127.0.0.1:5000/app"],
    ["localhost/a/b:v2", "localhost", "a/b", "v2", "localhost/a/b"],
    [`ghcr.io/a/b:v1@${digest}`, "ghcr.io", "a/b", digest, "ghcr.io/a/b"],
    [
      "registry.digitalocean.com/a/b:1.0",
      "registry.digitalocean.com",
      "a/b",
      "1.0",
      "registry.digitalocean.com/a/b",
    ],
  ];
  for (const [name, host, repository, reference, bare] of names)
    it(`is read as Docker reads it: ${name}`, () => {
      assert.deepEqual(parseImageName(name), { host, repository, reference, bare });
    });
});

describe("registry logins", () => {
  let fake: FakeDocker;
  beforeEach(() => void (fake = new FakeDocker()));
  afterEach(() => fake.remove());
  const auth = Buffer.from("me:canary-file").toString("base64");
  const write = (config: object) =>
    writeFileSync(path.join(fake.userConfig, "config.json"), JSON.stringify(config));
  const mine = { username: "me", password: "canary-file" };

  it("are the user's own where the program gives none", async () => {
    assert.equal(await loginFor("ghcr.io", new Map()), undefined);
    write({ auths: { "https://index.docker.io/v1/": { auth }, "ghcr.io": {} } });
    assert.deepEqual(await loginFor("docker.io", new Map()), mine);
    assert.equal(await loginFor("ghcr.io", new Map()), undefined);
  });

  it("come from a credential helper where the user has one", async () => {
    write({ credHelpers: { "ghcr.io": "fake" } });
    fake.program(
      "docker-credential-fake",
      `#!/bin/sh\nread -r host\necho "{\\"Username\\":\\"$1\\",\\"Secret\\":\\"$host\\"}"\n`,
    );
    assert.deepEqual(await loginFor("ghcr.io", new Map()), { username: "get", password: "ghcr.io" });
    fake.program("docker-credential-fake", "#!/bin/sh\necho not found\nexit 1\n");
    assert.equal(await loginFor("ghcr.io", new Map()), undefined);
  });

  it("are given by the program in four ways", () => {
    const file = path.join(fake.folder, "given.json");
    const content = JSON.stringify({ auths: { "ghcr.io": { auth } } });
    writeFileSync(file, content);
    const logins = givenLogins([
      { address: "https://registry-1.docker.io", ...login },
      { address: "ghcr.io", configFile: file },
      { address: "quay.io", authDisabled: true, ...login },
      { address: "example.com", configFileContent: content },
    ]);
    assert.deepEqual(
      [...logins],
      [
        ["docker.io", login],
        ["ghcr.io", mine],
      ],
    );
    process.env.DOCKER_REGISTRY_USER = "me";
    process.env.DOCKER_REGISTRY_PASS = "canary-file";
    try {
      assert.deepEqual([...givenLogins([{ address: "ghcr.io" }])], [["ghcr.io", mine]]);
    } finally {
      delete process.env.DOCKER_REGISTRY_USER;
      delete process.env.DOCKER_REGISTRY_PASS;
    }
  });

  it("last as long as the work, also where the plugin ends in the middle", async () => {
    const logins = path.join(import.meta.dirname, "..", "plugins", "docker", "logins.ts");
    const script = `
      const { withLogins } = await import(${JSON.stringify(logins)});
      await withLogins(new Map([["ghcr.io", { username: "me", password: "canary" }]]), async (environment) => {
        console.log(environment.DOCKER_CONFIG);
        process.exit(0);
      });`;
    const { stdout } = await execa(process.execPath, ["--input-type=module", "-e", script]);
    assert.match(stdout, /slipway-docker-/);
    assert.equal(existsSync(stdout.trim()), false);
  });

  it("fails on a config file that is no JSON", async () => {
    writeFileSync(path.join(fake.userConfig, "config.json"), "{");
    await assert.rejects(loginFor("ghcr.io", new Map()), /config\.json is no JSON; correct it/);
    rmSync(path.join(fake.userConfig, "config.json"));
  });
});

describe("config of the stand-in docker provider", () => {
  it("is docker's own environment", () => {
    assert.deepEqual(engineEnvironment({}), {});
    assert.deepEqual(engineEnvironment({ host: "unix:///a", certPath: "/b" }), {
      DOCKER_HOST: "unix:///a",
      DOCKER_CERT_PATH: "/b",
      DOCKER_TLS_VERIFY: "1",
    });
    assert.deepEqual(engineEnvironment({ host: "unix:///a", context: "c" }), {
      DOCKER_CONTEXT: "c",
      DOCKER_HOST: undefined,
    });
  });

  it("fails for what only the official provider has", () => {
    assert.throws(
      () => engineEnvironment({ keyMaterial: "canary-key" }),
      /^Error: docker:keyMaterial is not in/,
    );
  });
});
