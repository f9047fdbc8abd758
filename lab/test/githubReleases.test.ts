import assert from "node:assert/strict";
import { type GitHub, startGitHub } from "./githubServer.ts";

interface Release {
  id: number;
  tag_name: string;
  draft: boolean;
  prerelease: boolean;
  published_at: string | null;
}

describe("the lab's GitHub: releases", () => {
  let github: GitHub;
  const releases = "/repos/ann/shop/releases";

  beforeEach(async () => {
    github = startGitHub();
    await github.ann("POST", "/user/repos", { name: "shop", auto_init: true });
    github.events.splice(0);
  });
  afterEach(() => github.stop());

  const create = (tag_name: string, more: object = {}) =>
    github.ann<Release>("POST", releases, { tag_name, ...more });
  const tagged = async (tag: string) =>
    (await github.ann<{ object: { sha: string } }>("GET", `/repos/ann/shop/git/ref/tags/${tag}`)).body.object
      ?.sha;
  const main = async () =>
    (await github.ann<{ object: { sha: string } }>("GET", "/repos/ann/shop/git/ref/heads/main")).body.object
      .sha;
  const told = () =>
    github.events.filter(({ name }) => name === "release").map(({ action, ref }) => `${action} ${ref}`);

  it("published at once make their tag and tell so", async () => {
    const { status, body, headers } = await create("v0.0.2", { name: "Second", target_commitish: "main" });
    assert.equal(status, 201);
    assert.equal(body.draft, false);
    assert.ok(body.published_at);
    assert.match(headers.location ?? "", new RegExp(`/releases/${body.id}$`));
    assert.equal(await tagged("v0.0.2"), await main());
    const ref = "refs/tags/v0.0.2";
    assert.deepEqual(told(), [`created ${ref}`, `published ${ref}`, `released ${ref}`]);
    const push = github.events.find(({ name }) => name === "push");
    assert.equal(push?.ref, ref);
    assert.equal((await github.ann<Release>("GET", `${releases}/tags/v0.0.2`)).body.id, body.id);
  });

  it("saved as a draft are published once, by a later change", async () => {
    const draft = await create("v0.0.2", { draft: true });
    const url = `${releases}/${draft.body.id}`;
    assert.equal(draft.body.published_at, null);
    assert.equal(await tagged("v0.0.2"), undefined);
    assert.deepEqual(told(), []);
    assert.equal((await github.as(undefined)("GET", url)).status, 404);
    assert.equal((await github.ann("GET", `${releases}/tags/v0.0.2`)).status, 404);
    assert.equal((await github.ann("GET", `${releases}/latest`)).status, 404);
    await github.ann("PATCH", url, { body: "Notes" });
    assert.deepEqual(told(), []);

    const published = await github.ann<Release>("PATCH", url, { draft: false });
    assert.equal(published.body.draft, false);
    assert.equal(await tagged("v0.0.2"), await main());
    assert.deepEqual(told(), ["published refs/tags/v0.0.2", "released refs/tags/v0.0.2"]);
    await github.ann("PATCH", url, { body: "More notes", draft: false });
    assert.deepEqual(
      told().filter((line) => line.startsWith("published")),
      ["published refs/tags/v0.0.2"],
    );
  });

  it("are prereleases until they are released", async () => {
    const { body } = await create("v0.0.3-rc.1", { prerelease: true });
    const actions = () => github.events.filter(({ name }) => name === "release").map(({ action }) => action);
    assert.deepEqual(actions(), ["created", "published", "prereleased"]);
    assert.equal((await github.ann("GET", `${releases}/latest`)).status, 404);
    await github.ann("PATCH", `${releases}/${body.id}`, { prerelease: false });
    assert.deepEqual(actions().slice(3), ["edited", "released"]);
    assert.equal((await github.ann<Release>("GET", `${releases}/latest`)).body.tag_name, "v0.0.3-rc.1");
  });

  it("have a latest: the newest, or the one that was chosen", async () => {
    await create("v0.0.2");
    await create("v0.0.1", { make_latest: "false" });
    const latest = async () => (await github.ann<Release>("GET", `${releases}/latest`)).body.tag_name;
    assert.equal(await latest(), "v0.0.2");
    await create("v0.0.3");
    assert.equal(await latest(), "v0.0.3");
  });

  it("are listed newest first, in pages", async () => {
    for (let i = 1; i <= 5; i++) await create(`v0.0.${i}`);
    const list = async (query: string) =>
      (await github.ann<Release[]>("GET", `${releases}?${query}`)).body.map(({ tag_name }) => tag_name);
    assert.deepEqual(await list("per_page=2"), ["v0.0.5", "v0.0.4"]);
    assert.deepEqual(await list("per_page=2&page=3"), ["v0.0.1"]);
  });

  it("fail for a tag that is taken or no tag, and a target that is not there", async () => {
    await create("v0.0.2");
    assert.match(JSON.stringify((await create("v0.0.2")).body), /already_exists/);
    for (const tag of ["", "a b", "-x", "x.lock", "x..y"]) assert.equal((await create(tag)).status, 422, tag);
    const answer = await create("v0.0.4", { target_commitish: "nowhere" });
    assert.equal(answer.status, 422);
    assert.match(JSON.stringify(answer.body), /target_commitish/);
    assert.equal((await github.ann("GET", `${releases}/tags/v0.0.4`)).status, 404);
  });

  it("need the right to write, and go while their tag stays", async () => {
    const { body } = await create("v0.0.2");
    const reader = github.token("reader", {
      user: "ann",
      kind: "fine-grained",
      repositories: ["ann/shop"],
      permissions: { contents: "read", actions: "write" },
    });
    assert.equal((await github.as(reader)("POST", releases, { tag_name: "v9" })).status, 403);
    assert.equal((await github.ann("DELETE", `${releases}/${body.id}`)).status, 204);
    assert.equal(await tagged("v0.0.2"), await main());
    assert.equal(told().at(-1), "deleted refs/tags/v0.0.2");
  });
});
