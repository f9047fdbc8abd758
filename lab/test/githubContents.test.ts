import assert from "node:assert/strict";
import { type GitHub, startGitHub } from "./githubServer.ts";

const encoded = (text: string) => Buffer.from(text).toString("base64");

describe("the lab's GitHub: contents", () => {
  let github: GitHub;
  const at = "/repos/ann/shop/contents";
  beforeEach(async () => {
    github = startGitHub();
    await github.ann("POST", "/user/repos", { name: "shop", private: true, auto_init: true });
  });
  afterEach(() => github.stop());

  type Written = { content: { sha: string } | null; commit: { sha: string } };
  const put = (path: string, body: object, as = github.ann) =>
    as<Written>("PUT", `${at}/${path}`, { message: "Write", ...body });

  it("says which branch it has, and that another is not there", async () => {
    const answer = await put("a.txt", { content: encoded("a"), branch: "nowhere" });
    assert.equal(answer.status, 404);
    assert.match(JSON.stringify(answer.body), /Branch nowhere not found/);
    assert.equal((await github.ann("GET", `${at}/README.md?ref=nowhere`)).status, 404);
  });

  it("begins an empty repository, on its default branch", async () => {
    await github.ann("POST", "/user/repos", { name: "empty" });
    const read = await github.ann("GET", "/repos/ann/empty/contents/");
    assert.deepEqual([read.status, read.body.message], [404, "This repository is empty."]);
    const path = "/repos/ann/empty/contents/a.txt";
    const body = { message: "First", content: encoded("a") };
    assert.equal((await github.ann("PUT", path, body)).status, 201);
    assert.equal((await github.ann("GET", path)).status, 200);
  });

  it("takes a file away only if the client saw what it takes away", async () => {
    const { body } = await put("a.txt", { content: encoded("a") });
    const remove = (sha: string) => github.ann("DELETE", `${at}/a.txt`, { message: "Away", sha });
    assert.equal((await remove("0".repeat(40))).status, 409);
    const gone = await remove(body.content?.sha ?? "");
    assert.deepEqual([gone.status, gone.body.content], [200, null]);
    assert.equal((await github.ann("GET", `${at}/a.txt`)).status, 404);
  });

  it("lets one of two win that write to a branch at once", async () => {
    const answers = await Promise.all(["a", "b"].map((name) => put(name, { content: encoded(name) })));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409]);
    const lost = answers.find(({ status }) => status === 409);
    assert.match(JSON.stringify(lost?.body), /is at [0-9a-f]{40} but expected [0-9a-f]{40}/);
  });

  it("keeps a program executable", async () => {
    const git = "/repos/ann/shop/git";
    const { body: ref } = await github.ann<{ object: { sha: string } }>("GET", `${git}/ref/heads/main`);
    const { body: tree } = await github.ann<{ sha: string }>("POST", `${git}/trees`, {
      base_tree: ref.object.sha,
      tree: [{ path: "run.sh", mode: "100755", type: "blob", content: "one" }],
    });
    const commit = { message: "Program", tree: tree.sha, parents: [ref.object.sha] };
    const { body: made } = await github.ann<{ sha: string }>("POST", `${git}/commits`, commit);
    await github.ann("PATCH", `${git}/refs/heads/main`, { sha: made.sha });
    const { body: file } = await github.ann<{ sha: string }>("GET", `${at}/run.sh`);
    await put("run.sh", { content: encoded("two"), sha: file.sha });
    const { body } = await github.ann<{ tree: { path: string; mode: string }[] }>("GET", `${git}/trees/main`);
    assert.equal(body.tree.find(({ path }) => path === "run.sh")?.mode, "100755");
  });

  it("gives large files to who asks for them raw", async () => {
    const text = "x".repeat(1024 * 1024 + 1);
    await put("large.txt", { content: encoded(text) });
    const { body } = await github.ann<{ content: string; encoding: string; size: number }>(
      "GET",
      `${at}/large.txt`,
    );
    assert.deepEqual([body.encoding, body.content, body.size], ["none", "", text.length]);
    const raw = await github.app.inject({
      url: `/api/v3${at}/large.txt`,
      headers: { authorization: `token ${github.annToken}`, accept: "application/vnd.github.raw+json" },
    });
    assert.equal(raw.body, text);
  });

  const refused: [string, string, object, RegExp][] = [
    ["no message", "a.txt", { message: "", content: "" }, /message/],
    ["no content", "a.txt", {}, /content/],
    ["content that is no Base64", "a.txt", { content: "*" }, /not valid Base64/],
    ["a path with nothing between two slashes", "a//b.txt", { content: "" }, /malformed path/],
    ["a path into git's own files", ".git/config", { content: "" }, /malformed path/],
  ];
  for (const [what, path, body, message] of refused)
    it(`fails with ${what}`, async () => {
      const answer = await github.app.inject({
        method: "PUT",
        url: `/api/v3${at}/${path}`,
        headers: { authorization: `Bearer ${github.annToken}` },
        payload: { message: "Write", ...body },
      });
      assert.equal(answer.statusCode, 422, answer.body);
      assert.match(answer.body, message);
    });
});
