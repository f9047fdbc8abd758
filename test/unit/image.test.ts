import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { findImage, Image, type ImageArgs } from "../../components/image";
import { lookUp } from "../../components/image/registry";
import {
  imageName,
  isPlainHttp,
  mustBeThere,
  sameAsDeployed,
  sameAsThere,
} from "../../components/image/release";
import type { Config } from "../../config";
import { type Json, startEngine, valueOf } from "./engine";
import { type FakeRegistry, manifestDigest, sha, startRegistry } from "./registry";

const imageType = "docker:index/image:Image";
const pushType = "docker:index/registryImage:RegistryImage";

let registry: FakeRegistry;
let address: string;

before(async () => {
  registry = await startRegistry();
  address = registry.address;
});
after(() => registry.close());

const args = (changes: Partial<ImageArgs> = {}): ImageArgs => ({
  repository: "shop/web",
  tag: "v1",
  registry: { address },
  releases: {},
  ...changes,
});

const engineWith = (built: string, pushed: string) =>
  startEngine({
    outputs: {
      [imageType]: () => ({ repoDigest: built }),
      [pushType]: () => ({ sha256Digest: pushed }),
    },
  });

describe("image that is built", () => {
  const build = { context: "app", args: { MESSAGE: "hi" }, target: "run", platform: "linux/amd64" };

  it("is built without a push, and pushed when the registry has no such tag", async () => {
    const engine = await engineWith(sha("c"), sha("d"));
    const image = new Image("image", args({ build, tag: "v2" }));
    assert.equal(await valueOf(image.reference), `${address}/shop/web:v2@${sha("d")}`);
    assert.deepEqual(engine.single(imageType).inputs, {
      imageName: `${address}/shop/web:v2`,
      build: { ...build, args: { VERSION: "v2", MESSAGE: "hi" } },
      buildOnPreview: false,
      skipPush: true,
    });
    assert.deepEqual(engine.single(pushType).inputs, {
      name: `${address}/shop/web:v2`,
      keepRemotely: true,
      triggers: { image: sha("c") },
    });
    assert.deepEqual(engine.calls, []);
  });

  it("is pushed again over the same content", async () => {
    const engine = await engineWith(sha("c"), manifestDigest);
    const image = new Image("image", args({ build }));
    assert.equal(await valueOf(image.digest), manifestDigest);
    assert.equal(engine.single(pushType).inputs.name, `${address}/shop/web:v1`);
  });

  it("remembers the digest of each release", async () => {
    await engineWith(sha("c"), sha("d"));
    const image = new Image(
      "image",
      args({ build, tag: "v2", releases: { [`${address}/shop/web:v1`]: sha("a") } }),
    );
    assert.deepEqual(await valueOf(image.releases), {
      [`${address}/shop/web:v1`]: sha("a"),
      [`${address}/shop/web:v2`]: sha("d"),
    });
  });
});

describe("image that is taken as it is", () => {
  it("is the digest that was found, and nothing is built", async () => {
    const engine = await engineWith("", "");
    const image = new Image("image", args({ found: sha("a") }));
    assert.equal(await valueOf(image.reference), `${address}/shop/web:v1@${sha("a")}`);
    await engine.settle();
    assert.deepEqual(
      engine.resources.map((resource) => resource.type),
      ["slipway:index:Image"],
    );
  });

  it("fails at once, and builds nothing, where the tag has moved since it was deployed", async () => {
    const engine = await engineWith("", "");
    const releases = { [`${address}/shop/web:v1`]: sha("a") };
    assert.throws(
      () => new Image("image", args({ found: sha("b"), releases })),
      /tag than what was deployed from it/,
    );
    assert.deepEqual(engine.ofType(imageType), []);
  });

  it("fails where the registry has no such tag", () => {
    const release = { registry: "ghcr.io", repository: "me/app", tag: "v9" };
    assert.throws(
      () => mustBeThere(release, undefined),
      /^Error: ghcr.io\/me\/app:v9: registry ghcr.io has no such image.*imageTag/s,
    );
  });
});

describe("an image tag with its digest", () => {
  const config = (imageTag: string, build?: object) =>
    ({ imageTag, build, repository: "shop/web", registry: { address } }) as Config;

  it("is what counts, whatever the tag says by now, and nothing is built", async () => {
    assert.equal(await findImage(config(`v7@${manifestDigest}`)), manifestDigest);
    assert.equal(await findImage(config(`v7@${manifestDigest}`, { context: "app" })), manifestDigest);
  });

  it("fails where the registry does not have the digest", async () => {
    await assert.rejects(
      findImage(config(`v1@${sha("d")}`)),
      /shop\/web:v1@sha256:d{64}: registry .* has no such/,
    );
  });

  it("is looked up, or built, without one", async () => {
    assert.equal(await findImage(config("v1")), manifestDigest);
    assert.equal(await findImage(config("v1", { context: "app" })), undefined);
  });
});

describe("registry credentials", () => {
  it("go to the provider, and only where there are any", async () => {
    const engine = await engineWith("", "");
    const build = { context: "app" };
    new Image("image", args({ build, registry: { address, username: "me", password: "canary" } }));
    new Image("open", args({ build }));
    await engine.settle();
    const authOf = (name: string) =>
      engine.ofType("pulumi:providers:docker").find((provider) => provider.name === name)?.inputs
        .registryAuth;
    const secret = authOf("image") as Json;
    assert.match(String(secret.value), /"username":"me","password":"canary"/);
    assert.equal(authOf("open"), "[]");
  });
});

describe("look-up in a registry", () => {
  const release = (repository: string, tag = "v1") => ({ registry: address, repository, tag });

  it("finds the digest, and the content's other names", async () => {
    assert.deepEqual(await lookUp(release("shop/web"), {}), {
      digest: manifestDigest,
      sameAs: [manifestDigest, manifestDigest, sha("c")],
    });
  });
  it("finds nothing where there is no such tag", async () => {
    assert.equal(await lookUp(release("shop/web", "v9"), {}), undefined);
  });
  it("shows user name and password where the registry asks for them", async () => {
    registry.authorizations.length = 0;
    assert.equal(
      (await lookUp(release("private/web"), { username: "me", password: "canary" }))?.digest,
      manifestDigest,
    );
    assert.deepEqual(registry.authorizations, [
      undefined,
      `Basic ${Buffer.from("me:canary").toString("base64")}`,
    ]);
  });
  it("fails where the login is missing, and says how to give one", async () => {
    await assert.rejects(
      lookUp(release("private/web"), {}),
      /: 401\n.*no login\n.*registry\.password --secret/s,
    );
  });
  it("fails with the registry's status", async () => {
    await assert.rejects(lookUp(release("broken/web"), {}), /did not say what broken\/web:v1 is: 500/);
  });
});

describe("release", () => {
  it("fails where the registry has its tag with other content than what was built", () => {
    const release = { registry: "ghcr.io", repository: "me/app", tag: "v1" };
    const there = { digest: sha("a"), sameAs: [sha("a"), sha("c")] };
    assert.equal(sameAsThere(release, undefined, sha("b")), sha("b"));
    assert.equal(sameAsThere(release, there, sha("c")), sha("c"));
    assert.throws(
      () => sameAsThere(release, there, sha("b")),
      /already has this tag.*immutable\n.*a{64}\n.*b{64}\n.*imageTag/s,
    );
  });

  it("is named as Docker names it", () => {
    assert.equal(imageName({ registry: "docker.io", repository: "me/app", tag: "v1" }), "me/app:v1");
    assert.equal(imageName({ registry: "ghcr.io", repository: "me/app", tag: "v1" }), "ghcr.io/me/app:v1");
  });
  it("is asked for over plain HTTP on loopback alone", () => {
    assert.deepEqual(
      ["127.0.0.1:5000", "localhost", "ghcr.io", "127.0.0.1.example.com", "10.0.0.1:5000"].map(isPlainHttp),
      [true, true, false, false, false],
    );
  });
  it("keeps the digest it was first deployed with", () => {
    const release = { registry: "ghcr.io", repository: "me/app", tag: "v1" };
    assert.equal(sameAsDeployed(release, undefined, sha("a")), sha("a"));
    assert.equal(sameAsDeployed(release, sha("a"), sha("a")), sha("a"));
    assert.throws(
      () => sameAsDeployed(release, sha("a"), sha("b")),
      /ghcr.io\/me\/app:v1: .*immutable\n.*a{64}\n.*b{64}/s,
    );
  });
});
