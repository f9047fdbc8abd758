import assert from "node:assert/strict";
import { type GitHub, startGitHub } from "./githubServer.ts";

const nowhere = "1".repeat(40);

describe("the lab's GitHub: git data", () => {
  let github: GitHub;
  let main: string;
  const at = "/repos/ann/shop/git";

  beforeEach(async () => {
    github = startGitHub();
    await github.ann("POST", "/user/repos", { name: "shop", private: true, auto_init: true });
    main = await head("main");
    github.events.splice(0);
  });
  afterEach(() => github.stop());

  const head = async (branch: string, as = github.ann) =>
    (await as<{ object: { sha: string } }>("GET", `${at}/ref/heads/${branch}`)).body.object.sha;
  const post = <T = { sha: string }>(what: string, body: object, as = github.ann) =>
    as<T>("POST", `${at}/${what}`, body);
  const file = (path: string, content: string) => ({ path, mode: "100644", type: "blob", content });
  /** A commit of one file on top of another commit. */
  const commit = async (path: string, content: string, parent = main, as = github.ann) => {
    const { body: tree } = await post("trees", { base_tree: parent, tree: [file(path, content)] }, as);
    const { body } = await post("commits", { message: path, tree: tree.sha, parents: [parent] }, as);
    return body.sha;
  };
  const jobToken = (permissions: Record<string, "read" | "write"> = { contents: "write" }) =>
    github.token("job", {
      user: "github-actions[bot]",
      kind: "installation",
      repositories: ["ann/shop"],
      permissions,
    });

  it("keeps bytes as they are", async () => {
    const content = Buffer.from([0, 255, 10, 13, 128]).toString("base64");
    const { body: made } = await post("blobs", { content, encoding: "base64" });
    const { body } = await github.ann<{ content: string; size: number }>("GET", `${at}/blobs/${made.sha}`);
    assert.deepEqual([body.content, body.size], [content, 5]);
    assert.equal((await github.ann("GET", `${at}/blobs/${main}`)).status, 404, "a commit is no blob");
  });

  it("makes a tree of another one, with files changed and taken away", async () => {
    const one = await commit("a/one.txt", "1");
    const { status, body } = await post<{ tree: { path: string; type: string }[] }>("trees", {
      base_tree: one,
      tree: [file("two.sh", "2"), { path: "README.md", mode: "100644", type: "blob", sha: null }],
    });
    assert.equal(status, 201);
    assert.deepEqual(
      body.tree.map(({ path, type }) => `${type} ${path}`),
      ["tree a", "blob two.sh"],
    );
  });

  const refused: [string, object, number, RegExp][] = [
    ["trees", { tree: [{ path: "a", mode: "100644", type: "blob", sha: nowhere }] }, 422, /not a valid blob/],
    ["trees", { tree: [{ path: "a", mode: "100644", type: "blob" }] }, 422, /tree\.sha or tree\.content/],
    ["trees", { base_tree: nowhere, tree: [file("a", "a")] }, 422, /base_tree/],
    ["commits", { message: "a", tree: nowhere }, 422, /Tree SHA does not exist/],
    ["refs", { ref: "heads/a", sha: nowhere }, 422, /must start with 'refs\/'/],
    ["refs", { ref: "refs/heads/a", sha: nowhere }, 422, /Object does not exist/],
    ["refs", { ref: "refs/heads/a..b", sha: nowhere }, 422, /not a valid ref name/],
  ];
  for (const [what, body, status, message] of refused)
    it(`fails for ${what} ${JSON.stringify(body)}`, async () => {
      const answer = await post(what, body);
      assert.equal(answer.status, status);
      assert.match(JSON.stringify(answer.body), message);
    });

  it("fails with 409 in a repository without a commit", async () => {
    await github.ann("POST", "/user/repos", { name: "empty" });
    const empty = "/repos/ann/empty/git";
    for (const [method, path, body] of [
      ["GET", "ref/heads/main", undefined],
      ["POST", "trees", { tree: [file("a", "a")] }],
      ["POST", "blobs", { content: "a" }],
      ["POST", "refs", { ref: "refs/heads/main", sha: nowhere }],
    ] as const) {
      const answer = await github.ann(method, `${empty}/${path}`, body);
      assert.equal(answer.status, 409, path);
      assert.equal(answer.body.message, "Git Repository is empty.");
    }
  });

  it("commits in the user's name, and signs what a workflow commits in nobody's", async () => {
    type Made = {
      author: { name: string };
      committer: { name: string };
      verification: { verified: boolean };
    };
    const made = async (as = github.ann, author?: object) => {
      const sha = await commit("a.txt", "a");
      const { body: read } = await github.ann<{ tree: { sha: string } }>("GET", `${at}/commits/${sha}`);
      const { body } = await post<Made>(
        "commits",
        { message: "Same", tree: read.tree.sha, parents: [main], author },
        as,
      );
      return [body.author.name, body.committer.name, body.verification.verified];
    };
    const job = github.as(jobToken());
    assert.deepEqual(await made(), ["ann", "ann", false]);
    assert.deepEqual(await made(job), ["github-actions[bot]", "GitHub", true]);
    const eve = { name: "Eve", email: "eve@example.com", date: "2026-01-02T03:04:05Z" };
    assert.deepEqual(await made(job, eve), ["Eve", "Eve", false]);
  });

  it("moves a branch forward only, and by force anywhere", async () => {
    const next = await commit("a.txt", "a");
    const other = await commit("b.txt", "b");
    const move = (sha: string, force = false) => github.ann("PATCH", `${at}/refs/heads/main`, { sha, force });
    assert.equal((await move(next)).status, 200);
    const lost = await move(other);
    assert.deepEqual([lost.status, lost.body.message], [422, "Update is not a fast forward"]);
    assert.equal(await head("main"), next);
    assert.equal((await move(other, true)).status, 200);
    assert.deepEqual(
      github.events.map(({ sha, payload }) => [sha, payload.forced]),
      [
        [next, false],
        [other, true],
      ],
    );
    assert.equal((await move(other)).status, 200);
    assert.equal(github.events.length, 2, "a ref that stays is no push");
  });

  it("lets one of two win that move a branch at once", async () => {
    const [one, two] = [await commit("a.txt", "a"), await commit("b.txt", "b")];
    const statuses = await Promise.all(
      [one, two].map(async (sha) => (await github.ann("PATCH", `${at}/refs/heads/main`, { sha })).status),
    );
    assert.deepEqual(statuses.sort(), [200, 422]);
    assert.equal(github.events.length, 1);
  });

  it("lists refs by how they begin", async () => {
    for (const branch of ["slipway/dev", "slipway/prod", "other"])
      await post("refs", { ref: `refs/heads/${branch}`, sha: main });
    const { body } = await github.ann<{ ref: string }[]>("GET", `${at}/matching-refs/heads/slipway`);
    assert.deepEqual(
      body.map(({ ref }) => ref),
      ["refs/heads/slipway/dev", "refs/heads/slipway/prod"],
    );
  });

  describe("workflow files", () => {
    const workflow = ".github/workflows/ci.yaml";
    const weak = () => github.token("weak", { user: "ann", kind: "classic", scopes: ["repo"] });

    it("are in no tree of a token without the permission: 404, or 403 to a workflow's own", async () => {
      const tree = { tree: [file(workflow, "on: push\n")] };
      assert.equal((await post("trees", tree, github.as(weak()))).status, 404);
      const answer = await post<{ message: string }>("trees", tree, github.as(jobToken()));
      assert.equal(answer.status, 403);
      assert.equal(answer.body.message, "Resource not accessible by integration");
      const told = jobToken({ contents: "write", workflows: "write" });
      assert.equal((await post("trees", tree, github.as(told))).status, 403, "whatever its permissions say");
    });

    it("come to a branch by no such token, unless another branch has them", async () => {
      const job = github.as(jobToken());
      const brought = await commit(workflow, "on: push\n");
      const branch = { ref: "refs/heads/slipway/dev", sha: brought };
      assert.equal((await post("refs", branch, job)).status, 403);
      await github.ann("PATCH", `${at}/refs/heads/main`, { sha: brought });
      assert.equal((await post("refs", branch, job)).status, 201);
      const next = await commit("tag.yaml", "v2", brought, job);
      assert.equal((await job("PATCH", `${at}/refs/heads/main`, { sha: next })).status, 200);
      assert.equal(github.events.at(-1)?.byWorkflow, true);
    });

    it("can be seen in a stale branch that takes over what main has since", async () => {
      const job = github.as(jobToken());
      await post("refs", { ref: "refs/heads/slipway/dev", sha: main }, job);
      await github.ann("PATCH", `${at}/refs/heads/main`, { sha: await commit(workflow, "on: push\n") });
      const next = await commit("tag.yaml", "v2", await head("main"), job);
      const moved = await job("PATCH", `${at}/refs/heads/slipway/dev`, { sha: next, force: true });
      assert.equal(moved.status, 200);
    });
  });
});
