import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { docker } from "../plugins/docker/docker.ts";
import { contextDigest } from "../plugins/docker/contextDigest.ts";
import { unknown, type Properties } from "../plugins/provider/values.ts";
import { builtId, FakeDocker, pushedDigest } from "./fakeDocker.ts";
import { engineOf } from "./pluginEngine.ts";

const name = "127.0.0.1:5000/juggernaut/app:v1";
const password = "canary-password";

describe("docker.Image of the stand-in", () => {
  let fake: FakeDocker;
  let engine: Awaited<ReturnType<typeof engineOf>>;
  let context: string;
  const wanted = (more: Properties = {}, build: Properties = {}): Properties => ({
    imageName: name,
    skipPush: true,
    build: { context, platform: "linux/amd64", args: { VERSION: "v1" }, ...build },
    ...more,
  });
  const checked = async (inputs: Properties) => {
    const { inputs: result, failures } = await engine.check(inputs);
    assert.deepEqual(failures, []);
    return result.values;
  };

  before(async () => {
    fake = new FakeDocker();
    context = path.join(fake.folder, "app");
    const login = { address: "127.0.0.1:5000", username: "robot", password };
    engine = await engineOf(docker(), "docker:index/image:Image");
    await engine.configure({ registryAuth: [login] });
  });

  beforeEach(() => {
    rmSync(context, { recursive: true, force: true });
    mkdirSync(path.join(context, "docs"), { recursive: true });
    writeFileSync(path.join(context, "Dockerfile"), "FROM scratch\n");
    writeFileSync(path.join(context, ".dockerignore"), "docs\n*.log\n");
    writeFileSync(path.join(context, "main.go"), "package main\n");
    writeFileSync(path.join(context, "docs", "a.md"), "a\n");
    fake.forget();
    engine.lines.length = 0;
  });

  after(() => {
    engine.close();
    fake.remove();
  });

  it("builds nothing in a preview, where the digest is not known", async () => {
    const { state } = await engine.create(await checked(wanted()), { preview: true });
    assert.equal(state.repoDigest, unknown);
    assert.equal(state.imageName, name);
    assert.equal(fake.calls.length, 0);
  });

  it("builds without a push, and ends in the image's id", async () => {
    const { id, state, secrets } = await engine.create(await checked(wanted()));
    assert.equal(id, name);
    const { __inputs, ...rest } = state;
    assert.deepEqual(rest, {
      baseImageName: name,
      imageName: name,
      registryServer: "",
      context,
      dockerfile: "Dockerfile",
      platform: "linux/amd64",
      repoDigest: builtId,
    });
    assert.deepEqual(secrets, ["/__inputs"]);
    assert.equal((__inputs as Properties).imageName, name);
    assert.deepEqual(
      fake.calls.map(({ args }) => args[0]),
      ["build", "image"],
    );
    assert.deepEqual(engine.lines, ["Step 1/1 : FROM scratch"]);
  });

  it("gives docker all build options, and arguments by its environment", async () => {
    const options = {
      target: "final",
      network: "none",
      addHosts: ["db:10.0.0.1"],
      cacheFrom: { images: ["127.0.0.1:5000/cache:v1"] },
      builderVersion: "BuilderBuildKit",
      args: { SECRET: "canary-argument", PATH: "/nowhere" },
    };
    await engine.create(await checked(wanted({}, options)));
    const { args, environment } = fake.calls[0] as (typeof fake.calls)[0];
    assert.deepEqual(args, [
      ...["build", "--tag", name, "--file", path.join(context, "Dockerfile"), "--platform", "linux/amd64"],
      ...["--build-arg", "PATH=/nowhere", "--build-arg", "SECRET", "--target", "final", "--network", "none"],
      ...["--cache-from", "127.0.0.1:5000/cache:v1", "--add-host", "db:10.0.0.1", context],
    ]);
    assert.equal(environment.SECRET, "canary-argument");
    assert.equal(environment.DOCKER_BUILDKIT, "1");
  });

  it("leaves the builder to the user's docker if the program names none", async () => {
    await engine.create(await checked(wanted()));
    assert.equal(fake.calls[0]?.environment.DOCKER_BUILDKIT, process.env.DOCKER_BUILDKIT);
  });

  it("pushes with the provider's login, and ends in the digest", async () => {
    writeFileSync(path.join(fake.userConfig, "config.json"), JSON.stringify({ credsStore: "desktop" }));
    mkdirSync(path.join(fake.userConfig, "contexts"), { recursive: true });
    const { state } = await engine.create(await checked(wanted({ skipPush: false })));
    rmSync(path.join(fake.userConfig, "config.json"));
    assert.equal(state.repoDigest, `127.0.0.1:5000/juggernaut/app@${pushedDigest}`);
    const push = fake.calls.at(-1) as (typeof fake.calls)[0];
    assert.deepEqual(push.args, ["push", name]);
    const auth = Buffer.from(`robot:${password}`).toString("base64");
    assert.deepEqual(push.config, {
      credsStore: "desktop",
      auths: { "127.0.0.1:5000": { auth } },
      credHelpers: { "127.0.0.1:5000": "" },
    });
    const { DOCKER_CONFIG, ...environment } = push.environment;
    assert.equal(existsSync(DOCKER_CONFIG as string), false);
    assert.equal(JSON.stringify([push.args, environment, engine.lines]).includes(password), false);
  });

  it("pushes with the image's own login before the provider's", async () => {
    const registry = { server: "https://127.0.0.1:5000", username: "me", password: "canary-own" };
    await engine.create(await checked(wanted({ skipPush: false, registry })));
    assert.deepEqual(fake.calls.at(-1)?.config?.auths, {
      "127.0.0.1:5000": { auth: Buffer.from("me:canary-own").toString("base64") },
    });
  });

  it("differs by what the build would see", async () => {
    const kept = await engine.create(await checked(wanted()));
    const now = async () => (await engine.diff(kept, await checked(wanted()))).changes;
    assert.deepEqual(await now(), []);

    utimesSync(path.join(context, "main.go"), 0, 0);
    writeFileSync(path.join(context, "docs", "a.md"), "ignored\n");
    writeFileSync(path.join(context, "build.log"), "ignored\n");
    assert.deepEqual(await now(), []);

    chmodSync(path.join(context, "main.go"), 0o755);
    assert.deepEqual(await now(), ["build.contextDigest"]);
    chmodSync(path.join(context, "main.go"), 0o644);
    assert.deepEqual(await now(), []);
    writeFileSync(path.join(context, "Dockerfile"), "FROM scratch\nLABEL a=b\n");
    assert.deepEqual(await now(), ["build.contextDigest"]);
  });

  it("is never replaced; another login is no difference", async () => {
    const registry = { server: "127.0.0.1:5000", username: "a", password: "canary-a" };
    const kept = await engine.create(await checked(wanted({ registry })));
    const other = await checked(wanted({ registry: { ...registry, username: "b", password: "canary-b" } }));
    assert.deepEqual((await engine.diff(kept, other)).changes, []);
    const next = wanted({ imageName: `${name}.1`, registry }, { args: { VERSION: "v2" } });
    assert.deepEqual(await engine.diff(kept, await checked(next)), {
      changes: ["build.args.VERSION", "imageName"],
      replaces: [],
      deleteBeforeReplace: false,
    });
  });

  it("builds again in an update, and not in its preview", async () => {
    const kept = await engine.create(await checked(wanted()));
    fake.forget();
    const next = await checked(wanted({}, { args: { VERSION: unknown } }));
    const preview = await engine.update(kept, next, { preview: true });
    assert.equal(preview.state.repoDigest, unknown);
    assert.equal(fake.calls.length, 0);
    const after = await engine.update(kept, await checked(wanted({}, { args: { VERSION: "v2" } })));
    assert.equal(after.state.repoDigest, builtId);
    assert.equal(fake.calls[0]?.environment.VERSION, "v2");
  });

  it("is kept by a refresh, and left where it is by a delete", async () => {
    const kept = await engine.create(await checked(wanted()));
    fake.forget();
    assert.deepEqual(await engine.read(kept), kept);
    await engine.delete(kept);
    assert.equal(fake.calls.length, 0);
  });

  it("has the platform of this machine if the program names none", async () => {
    const { build } = await checked({ imageName: name, skipPush: true, build: { context } });
    assert.match(String((build as Properties).platform), /^linux\/(amd64|arm64)$/);
  });

  const bad: [string, () => Properties, string][] = [
    ["no name", () => ({ build: { context } }), "imageName: is missing"],
    ["a misspelt option", () => wanted({}, { contxt: "." }), "build.contxt: is no property"],
    [
      "no folder",
      () => wanted({}, { context: "/no/such" }),
      'build.context: must be a folder, received "/no/such"',
    ],
    ["no Dockerfile", () => wanted({}, { dockerfile: "/no/such" }), "build.dockerfile: must be a file"],
    ["an unknown builder", () => wanted({}, { builderVersion: "V3" }), "build.builderVersion: must be"],
    ["half a login", () => wanted({ registry: { username: "me" } }), "registry: must have both"],
    ["an output", () => wanted({ repoDigest: "sha256:1" }), "repoDigest: is an output"],
    ["a wrong type", () => wanted({ skipPush: "yes" }), "skipPush: must be a boolean"],
  ];
  for (const [what, inputs, reason] of bad)
    it(`fails a check of ${what}`, async () => {
      const { failures } = await engine.check(inputs());
      assert.equal(failures.length, 1);
      assert.ok(failures[0]?.startsWith(reason), failures[0]);
    });

  it("fails with docker's own last lines", async () => {
    process.env.FAKE_DOCKER_FAILS = "COPY failed: no such file";
    try {
      await assert.rejects(engine.create(await checked(wanted())), {
        message: `building ${name}: docker ended with 1:\nCOPY failed: no such file`,
      });
    } finally {
      delete process.env.FAKE_DOCKER_FAILS;
    }
  });

  it("fails without a docker, and says what to do", async () => {
    const before = process.env.PATH;
    process.env.PATH = fake.userConfig;
    try {
      await assert.rejects(engine.create(await checked(wanted())), /there is no docker on PATH; install it/);
    } finally {
      process.env.PATH = before;
    }
  });
});

describe("digest of a build context", () => {
  it("counts links by where they lead, and ignores what .dockerignore excepts", () => {
    const fake = new FakeDocker();
    try {
      const context = path.join(fake.folder, "context");
      const dockerfile = path.join(fake.folder, "elsewhere.Dockerfile");
      const write = (file: string, text: string) => writeFileSync(path.join(context, file), text);
      mkdirSync(path.join(context, "vendor", "kept"), { recursive: true });
      writeFileSync(dockerfile, "FROM scratch\n");
      write(".dockerignore", "# comment\nvendor\n!vendor/kept/a.txt\n**/*.tmp\n");
      write("vendor/kept/a.txt", "a");
      symlinkSync("nowhere", path.join(context, "link"));
      const digest = () => contextDigest(context, dockerfile);
      const first = digest();
      assert.match(first, /^[0-9a-f]{64}$/);

      write("vendor/b.txt", "b");
      write("vendor/kept/c.tmp", "c");
      assert.equal(digest(), first);
      write("vendor/kept/a.txt", "changed");
      assert.notEqual(digest(), first);
      write("vendor/kept/a.txt", "a");
      assert.equal(digest(), first);
      rmSync(path.join(context, "link"));
      symlinkSync("elsewhere", path.join(context, "link"));
      assert.notEqual(digest(), first);
      writeFileSync(`${dockerfile}.dockerignore`, "link\n");
      assert.notEqual(digest(), first);
    } finally {
      fake.remove();
    }
  });
});
