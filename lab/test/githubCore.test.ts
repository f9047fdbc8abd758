import assert from "node:assert/strict";
import { type GitHub, startGitHub } from "./githubServer.ts";

const encoded = (text: string) => Buffer.from(text).toString("base64");

describe("the lab's GitHub: repositories and their content", () => {
  let github: GitHub;
  const { events } = { events: [] as string[] };

  before(async () => {
    github = startGitHub();
    await github.ann("POST", "/user/repos", { name: "shop", private: true, auto_init: true });
  });
  after(() => github.stop());
  beforeEach(() => events.splice(0));

  const put = (path: string, text: string, more: object = {}, as = github.ann) =>
    as<{ content: { sha: string }; commit: { sha: string } }>("PUT", `/repos/ann/shop/contents/${path}`, {
      message: `Write ${path}`,
      content: encoded(text),
      ...more,
    });
  const head = async (branch = "main") =>
    (await github.ann<{ object: { sha: string } }>("GET", `/repos/ann/shop/git/ref/heads/${branch}`)).body
      .object.sha;

  it("makes a private repository with a first commit", async () => {
    const { body } = await github.ann("GET", "/repos/ann/shop");
    assert.equal(body.full_name, "ann/shop");
    assert.equal(body.private, true);
    assert.equal(body.default_branch, "main");
    const commits = await github.ann<{ commit: { message: string } }[]>("GET", "/repos/ann/shop/commits");
    assert.deepEqual(
      commits.body.map(({ commit }) => commit.message),
      ["Initial commit"],
    );
  });

  it("does not make a second one of the same name", async () => {
    const { status, body } = await github.ann("POST", "/user/repos", { name: "Shop" });
    assert.equal(status, 422);
    assert.match(JSON.stringify(body), /name already exists on this account/);
  });

  it("writes a file, reads it, and wants to know which one it replaces", async () => {
    const created = await put("notes/a b.txt", "one\n");
    assert.equal(created.status, 201);
    const read = await github.ann<{ content: string; sha: string }>(
      "GET",
      "/repos/ann/shop/contents/notes/a%20b.txt",
    );
    assert.equal(Buffer.from(read.body.content, "base64").toString(), "one\n");
    assert.equal((await put("notes/a b.txt", "two")).status, 422);
    assert.equal((await put("notes/a b.txt", "two", { sha: "0".repeat(40) })).status, 409);
    assert.equal((await put("notes/a b.txt", "two", { sha: read.body.sha })).status, 200);
    const folder = await github.ann<{ name: string }[]>("GET", "/repos/ann/shop/contents/notes");
    assert.deepEqual(
      folder.body.map(({ name }) => name),
      ["a b.txt"],
    );
  });

  it("tells of a push with the files that changed", async () => {
    const before = await head();
    github.events.splice(0);
    const { body } = await put("b.txt", "b");
    assert.equal(github.events.length, 1);
    const [push] = github.events;
    assert.deepEqual(
      [push?.name, push?.ref, push?.sha, push?.actor, push?.byWorkflow],
      ["push", "refs/heads/main", body.commit.sha, "ann", false],
    );
    const { before: from, commits } = push?.payload as { before: string; commits: { added: string[] }[] };
    assert.equal(from, before);
    assert.deepEqual(commits[0]?.added, ["b.txt"]);
  });

  it("answers 404 where a token without the workflow scope writes a workflow", async () => {
    const weak = github.token("no-workflow", { user: "ann", kind: "classic", scopes: ["repo"] });
    const { status } = await put(".github/workflows/a.yaml", "on: push", {}, github.as(weak));
    assert.equal(status, 404);
    assert.equal((await put(".github/workflows/a.yaml", "on: push")).status, 201);
  });

  it("shows a private repository to nobody else, and says what a weak token lacks", async () => {
    const bob = github.token("bob", { user: "bob", kind: "classic", scopes: ["repo"] });
    assert.equal((await github.as(bob)("GET", "/repos/ann/shop")).status, 404);
    const reader = github.token("reader", {
      user: "ann",
      kind: "fine-grained",
      repositories: ["ann/shop"],
      permissions: { contents: "read" },
    });
    assert.equal((await github.as(reader)("GET", "/repos/ann/shop")).status, 200);
    const refused = await put("c.txt", "c", {}, github.as(reader));
    assert.equal(refused.status, 403);
    assert.match(JSON.stringify(refused.body), /Resource not accessible by personal access token/);
    assert.equal((await github.as("canary-unknown")("GET", "/repos/ann/shop")).status, 401);
  });

  it("commits one file by blobs, trees and refs, and never moves a branch back", async () => {
    const parent = await head();
    const tree = await github.ann<{ sha: string }>("POST", "/repos/ann/shop/git/trees", {
      base_tree: parent,
      tree: [{ path: "d.txt", mode: "100644", type: "blob", content: "d" }],
    });
    const commit = await github.ann<{ sha: string; parents: { sha: string }[] }>(
      "POST",
      "/repos/ann/shop/git/commits",
      {
        message: "Add d",
        tree: tree.body.sha,
        parents: [parent],
      },
    );
    assert.equal(commit.body.parents[0]?.sha, parent);
    const move = (sha: string, force = false) =>
      github.ann("PATCH", "/repos/ann/shop/git/refs/heads/main", { sha, force });
    assert.equal((await move(commit.body.sha)).status, 200);
    assert.ok(
      (await github.ann("GET", "/repos/ann/shop/contents/b.txt")).status === 200,
      "what was there stays",
    );
    const back = await move(parent);
    assert.equal(back.status, 422);
    assert.match(JSON.stringify(back.body), /Update is not a fast forward/);
    assert.equal((await move(parent, true)).status, 200);
    assert.equal((await move(commit.body.sha)).status, 200);
  });

  it("makes and deletes branches, compares them", async () => {
    const sha = await head();
    assert.equal(
      (await github.ann("POST", "/repos/ann/shop/git/refs", { ref: "refs/heads/topic/x", sha })).status,
      201,
    );
    assert.equal(
      (await github.ann("POST", "/repos/ann/shop/git/refs", { ref: "refs/heads/topic/x", sha })).status,
      422,
    );
    await put("e.txt", "e", { branch: "topic/x" });
    const { body } = await github.ann<{ ahead_by: number; files: { filename: string; status: string }[] }>(
      "GET",
      "/repos/ann/shop/compare/main...topic%2Fx",
    );
    assert.equal(body.ahead_by, 1);
    assert.deepEqual(
      body.files.map(({ filename, status }) => [filename, status]),
      [["e.txt", "added"]],
    );
    assert.equal((await github.ann("GET", "/repos/ann/shop/branches/topic/x")).status, 200);
    assert.equal((await github.ann("DELETE", "/repos/ann/shop/git/refs/heads/topic/x")).status, 204);
    assert.equal((await github.ann("GET", "/repos/ann/shop/branches/topic/x")).status, 404);
  });

  it("counts requests, and pages lists", async () => {
    const { headers } = await github.ann("GET", "/user");
    assert.equal(Number(headers["x-ratelimit-limit"]), 5000);
    assert.equal(headers["x-oauth-scopes"], "repo, workflow");
    const { body, headers: paged } = await github.ann<unknown[]>("GET", "/repos/ann/shop/commits?per_page=2");
    assert.equal(body.length, 2);
    assert.match(String(paged.link), /page=2>; rel="next".*rel="last"/);
  });

  it("forks with everything in it", async () => {
    await github.ann("POST", "/user/repos", { name: "open", auto_init: true });
    const bob = github.as(github.token("bob2", { user: "bob", kind: "classic", scopes: ["repo"] }));
    const { status, body } = await bob<{ full_name: string; fork: boolean }>(
      "POST",
      "/repos/ann/open/forks",
      {},
    );
    assert.equal(status, 202);
    assert.equal(body.full_name, "bob/open");
    assert.equal(body.fork, true);
    assert.equal((await bob("GET", "/repos/bob/open/contents/README.md")).status, 200);
  });
});
