import assert from "node:assert/strict";
import { control } from "../github/controlClient.ts";
import { type GitHub, startGitHub } from "./githubServer.ts";

describe("the lab's GitHub: repositories", () => {
  let github: GitHub;
  beforeEach(async () => {
    github = startGitHub();
    await github.ann("POST", "/user/repos", { name: "shop", private: true, auto_init: true });
  });
  afterEach(() => github.stop());

  const created = async (token: string, path = "/user/repos") =>
    (await github.as(token)("POST", path, { name: "made" })).status;

  it("are made by who may: a scope, or administration", async () => {
    const token = (name: string, kind: "classic" | "fine-grained" | "installation", more: object) =>
      github.token(name, { user: "bob", kind, ...more });
    assert.equal(await created(token("none", "classic", { scopes: ["workflow"] })), 404);
    const permissions = (administration: "read" | "write") => ({
      repositories: ["bob/*"],
      permissions: { administration },
    });
    assert.equal(await created(token("reader", "fine-grained", permissions("read"))), 403);
    assert.equal(await created(token("job", "installation", permissions("write"))), 403);
    const admin = token("admin", "fine-grained", permissions("write"));
    assert.equal(await created(admin), 201);
    assert.equal((await github.as(admin)("GET", "/repos/bob/made")).status, 200);
  });

  it("are made in an organization, and listed", async () => {
    const lab = control(await github.app.listen({ host: "127.0.0.1", port: 0 }));
    await lab.addUser({ login: "team", type: "Organization" });
    assert.equal(await created(github.annToken, "/orgs/team/repos"), 201);
    assert.equal(await created(github.annToken, "/orgs/bob/repos"), 404);
    const names = async (path: string) =>
      (await github.ann<{ full_name: string }[]>("GET", path)).body.map(({ full_name }) => full_name);
    assert.deepEqual(await names("/orgs/team/repos"), ["team/made"]);
    assert.deepEqual(await names("/user/repos"), ["ann/shop"]);
    const bob = github.token("bob", { user: "bob", kind: "classic", scopes: ["repo"] });
    assert.deepEqual(
      (await github.as(bob)("GET", "/users/ann/repos")).body,
      [],
      "private ones are not shown",
    );
  });

  it("say that a visibility is what it was", async () => {
    const { status, body } = await github.ann("PATCH", "/repos/ann/shop", { visibility: "private" });
    assert.equal(status, 422);
    assert.match(JSON.stringify(body), /Visibility is already private/);
    await github.ann("PATCH", "/repos/ann/shop", { visibility: "public" });
    assert.equal((await github.as(undefined)("GET", "/repos/ann/shop")).status, 200);
  });

  it("keep their content under a new name", async () => {
    assert.equal((await github.ann("PATCH", "/repos/ann/shop", { name: "store" })).body.name, "store");
    assert.equal((await github.ann("GET", "/repos/ann/store/contents/README.md")).status, 200);
    assert.equal((await github.ann("GET", "/repos/ann/shop")).status, 404);
  });

  it("change their default branch only to one that is there", async () => {
    const set = (name: string) => github.ann("PATCH", "/repos/ann/shop", { default_branch: name });
    assert.equal((await set("next")).status, 422);
    const { body } = await github.ann<{ object: { sha: string } }>(
      "GET",
      "/repos/ann/shop/git/ref/heads/main",
    );
    await github.ann("POST", "/repos/ann/shop/git/refs", { ref: "refs/heads/next", sha: body.object.sha });
    assert.equal((await set("next")).body.default_branch, "next");
    assert.equal((await github.ann("DELETE", "/repos/ann/shop/git/refs/heads/next")).status, 422);
    assert.equal((await github.ann("DELETE", "/repos/ann/shop/git/refs/heads/main")).status, 204);
  });

  it("have topics", async () => {
    const put = (names: string[]) => github.ann("PUT", "/repos/ann/shop/topics", { names });
    assert.equal((await put(["No Topic"])).status, 422);
    assert.deepEqual((await put(["pulumi", "kubernetes"])).body, { names: ["kubernetes", "pulumi"] });
    assert.deepEqual((await github.ann("GET", "/repos/ann/shop")).body.topics, ["kubernetes", "pulumi"]);
  });

  it("tell whether alerts are on", async () => {
    const alerts = (method: "GET" | "PUT" | "DELETE") =>
      github.ann(method, "/repos/ann/shop/vulnerability-alerts").then(({ status }) => status);
    assert.equal(await alerts("GET"), 404);
    assert.equal(await alerts("PUT"), 204);
    assert.equal(await alerts("GET"), 204);
    assert.equal(await alerts("DELETE"), 204);
    assert.equal(await alerts("GET"), 404);
  });

  it("are read-only once archived", async () => {
    await github.ann("PATCH", "/repos/ann/shop", { archived: true });
    const { status, body } = await github.ann("POST", "/repos/ann/shop/issues", { title: "One" });
    assert.equal(status, 403);
    assert.equal(body.message, "Repository was archived so is read-only.");
    assert.equal((await github.ann("GET", "/repos/ann/shop/contents/README.md")).status, 200);
    await github.ann("PATCH", "/repos/ann/shop", { archived: false });
    assert.equal((await github.ann("POST", "/repos/ann/shop/issues", { title: "One" })).status, 201);
  });

  it("go only by a token that may delete, and with all that was in them", async () => {
    await github.ann("POST", "/repos/ann/shop/issues", { title: "One" });
    const refused = await github.ann("DELETE", "/repos/ann/shop");
    assert.equal(refused.status, 403);
    assert.equal(refused.body.message, "Must have admin rights to Repository.");
    const token = github.token("deleter", { user: "ann", kind: "classic", scopes: ["repo", "delete_repo"] });
    assert.equal((await github.as(token)("DELETE", "/repos/ann/shop")).status, 204);
    assert.equal((await github.ann("GET", "/repos/ann/shop")).status, 404);
    await github.ann("POST", "/user/repos", { name: "shop" });
    assert.deepEqual((await github.ann("GET", "/repos/ann/shop/issues")).body, []);
    assert.equal((await github.ann("GET", "/repos/ann/shop/commits")).status, 409);
  });

  it("are forked once, under a name of one's own", async () => {
    await github.ann("PATCH", "/repos/ann/shop", { visibility: "public" });
    const bob = github.as(github.token("bob-fork", { user: "bob", kind: "classic", scopes: ["repo"] }));
    const fork = () => bob<{ id: number }>("POST", "/repos/ann/shop/forks", { name: "mine" });
    const { status, body } = await fork();
    assert.equal(status, 202);
    assert.equal((await fork()).body.id, body.id);
    const { body: shown } = await bob<{ parent: { full_name: string } }>("GET", "/repos/bob/mine");
    assert.equal(shown.parent.full_name, "ann/shop");
    const forks = await github.ann<{ full_name: string }[]>("GET", "/repos/ann/shop/forks");
    assert.deepEqual(
      forks.body.map(({ full_name }) => full_name),
      ["bob/mine"],
    );
  });

  it("are compared with their forks", async () => {
    await github.ann("PATCH", "/repos/ann/shop", { visibility: "public" });
    const bob = github.as(github.token("bob-compare", { user: "bob", kind: "classic", scopes: ["repo"] }));
    await bob("POST", "/repos/ann/shop/forks", {});
    const content = Buffer.from("b").toString("base64");
    const written = await bob<{ commit: { sha: string } }>("PUT", "/repos/bob/shop/contents/b.txt", {
      message: "Add b",
      content,
    });
    const { sha } = written.body.commit;
    await bob("PUT", "/repos/bob/shop/contents/c.txt", { message: "Add c", content });
    const { body } = await github.ann<{ status: string; files: { filename: string }[] }>(
      "GET",
      `/repos/ann/shop/compare/main...bob:${sha}`,
    );
    assert.equal(body.status, "ahead");
    assert.deepEqual(
      body.files.map(({ filename }) => filename),
      ["b.txt"],
    );
    assert.equal((await github.ann("GET", "/repos/ann/shop/compare/main...carol:main")).status, 404);
  });
});
