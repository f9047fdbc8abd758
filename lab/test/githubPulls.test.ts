import assert from "node:assert/strict";
import type { GitHubEvent } from "../github/events.ts";
import { type GitHub, startGitHub } from "./githubServer.ts";

interface Pull {
  number: number;
  title: string;
  state: string;
  merged: boolean;
  mergeable: boolean | null;
  mergeable_state: string;
  merge_commit_sha: string | null;
  head: { sha: string; label: string; repo: { full_name: string } };
  base: { sha: string };
  commits: number;
  changed_files: number;
}

describe("the lab's GitHub: pull requests", () => {
  let github: GitHub;
  const shop = "/repos/ann/shop";
  const pulls = `${shop}/pulls`;

  beforeEach(async () => {
    github = startGitHub();
    await github.ann("POST", "/user/repos", { name: "shop", auto_init: true });
    await write("config", "tag: v1\n");
  });
  afterEach(() => github.stop());

  const headOf = async (branch: string, repo = shop) =>
    (await github.ann<{ object: { sha: string } }>("GET", `${repo}/git/ref/heads/${branch}`)).body.object.sha;
  const branch = async (name: string, from = "main") =>
    github.ann("POST", `${shop}/git/refs`, { ref: `refs/heads/${name}`, sha: await headOf(from) });
  async function write(path: string, text: string, on = "main", as = github.ann, repo = shop) {
    const known = await as<{ sha?: string }>("GET", `${repo}/contents/${path}?ref=${on}`);
    const { body } = await as<{ commit: { sha: string } }>("PUT", `${repo}/contents/${path}`, {
      message: `Set ${path}`,
      content: Buffer.from(text).toString("base64"),
      branch: on,
      ...(known.status === 200 ? { sha: known.body.sha } : {}),
    });
    return body.commit.sha;
  }
  /** A pull request that sets the config's tag, from a branch of that name. */
  const propose = async (name: string, text = `tag: ${name}\n`) => {
    await branch(name);
    await write("config", text, name);
    return github.ann<Pull>("POST", pulls, { title: `Tag ${name}`, head: name, base: "main" });
  };
  const get = async (number = 1) => (await github.ann<Pull>("GET", `${pulls}/${number}`)).body;
  const git = (...args: string[]) => {
    const repository = github.context.state.repository("ann", "shop");
    assert.ok(repository);
    return github.context.git.in(repository)(args);
  };
  const told = (name = "pull_request") => github.events.filter((event) => event.name === name);
  const actions = (events: GitHubEvent[] = told()) => events.map(({ action }) => action);

  it("open, with what git says of them", async () => {
    const { status, body } = await propose("v2");
    assert.equal(status, 201);
    assert.equal(body.number, 1);
    assert.equal(body.mergeable, true);
    assert.equal(body.mergeable_state, "clean");
    assert.equal(body.commits, 1);
    assert.equal(body.changed_files, 1);
    assert.equal(body.head.label, "ann:v2");
    const files = await github.ann<{ filename: string; patch: string }[]>("GET", `${pulls}/1/files`);
    assert.equal(files.body[0]?.filename, "config");
    assert.match(files.body[0]?.patch ?? "", /\+tag: v2/);
    assert.equal((await github.ann<unknown[]>("GET", `${pulls}/1/commits`)).body.length, 1);
    assert.equal((await git("rev-parse", "refs/pull/1/head")).trim(), body.head.sha);
    assert.equal((await git("rev-parse", "refs/pull/1/merge")).trim(), body.merge_commit_sha);
    const [event] = told();
    assert.equal(event?.ref, "refs/pull/1/merge");
    assert.equal(event.sha, body.merge_commit_sha);
    assert.equal((await github.ann("GET", `${shop}/issues/1`)).body.title, "Tag v2");
  });

  it("fail where there is nothing to propose, or it was proposed already", async () => {
    await propose("v2");
    await branch("same");
    const refused = async (body: object) => {
      const answer = await github.ann("POST", pulls, { title: "x", base: "main", ...body });
      assert.equal(answer.status, 422);
      return JSON.stringify(answer.body);
    };
    assert.match(await refused({ head: "v2" }), /A pull request already exists for ann:v2\./);
    assert.match(await refused({ head: "same" }), /No commits between main and same/);
    assert.match(await refused({ head: "nowhere" }), /"field":"head","code":"invalid"/);
    assert.match(await refused({ head: "v2", base: "nowhere" }), /"field":"base","code":"invalid"/);
    assert.match(await refused({ head: "v2", title: "" }), /"field":"title"/);
  });

  it("are found by state, head and base, in pages", async () => {
    for (const name of ["v2", "v3", "v4"]) await propose(name);
    await github.ann("PATCH", `${pulls}/2`, { state: "closed" });
    const numbers = async (query: string) =>
      (await github.ann<Pull[]>("GET", `${pulls}?${query}`)).body.map(({ number }) => number);
    assert.deepEqual(await numbers(""), [3, 1]);
    assert.deepEqual(await numbers("state=all&per_page=2"), [3, 2]);
    assert.deepEqual(await numbers("state=all&per_page=2&page=2"), [1]);
    assert.deepEqual(await numbers("head=ann:v4"), [3]);
    assert.deepEqual(await numbers("head=bob:v4"), []);
    assert.deepEqual(await numbers("head=ann:v3&state=closed"), [2]);
    assert.deepEqual(await numbers("base=other"), []);
    const { headers } = await github.ann("GET", `${pulls}?state=all&per_page=2`);
    assert.match(headers.link ?? "", /page=2>; rel="next"/);
  });

  it("follow their branch", async () => {
    await propose("v2");
    const sha = await write("config", "tag: v2b\n", "v2");
    const pull = await get();
    assert.equal(pull.head.sha, sha);
    assert.equal(pull.commits, 2);
    assert.deepEqual(actions(), ["opened", "synchronize"]);
    assert.equal((await git("rev-parse", "refs/pull/1/head")).trim(), sha);
    assert.equal((await git("show", "refs/pull/1/merge:config")).trim(), "tag: v2b");
  });

  it("tell of a conflict, start nothing then, and can't be merged", async () => {
    await propose("v2");
    await write("config", "tag: v9\n");
    const pull = await get();
    assert.equal(pull.mergeable, false);
    assert.equal(pull.mergeable_state, "dirty");
    assert.equal(pull.merge_commit_sha, null);
    await assert.rejects(git("rev-parse", "--verify", "--quiet", "refs/pull/1/merge"));
    const merge = await github.ann("PUT", `${pulls}/1/merge`);
    assert.equal(merge.status, 405);
    assert.equal(merge.body.message, "Pull Request is not mergeable");
    await write("config", "tag: v2b\n", "v2");
    assert.deepEqual(actions(), ["opened"]);
  });

  it("are unstable while a status of their head is no success", async () => {
    const { body } = await propose("v2");
    await github.ann("POST", `${shop}/statuses/${body.head.sha}`, { state: "pending" });
    assert.equal((await get()).mergeable_state, "unstable");
    await github.ann("POST", `${shop}/statuses/${body.head.sha}`, { state: "success" });
    assert.equal((await get()).mergeable_state, "clean");
  });

  for (const [method, parents] of [
    ["merge", 2],
    ["squash", 1],
    ["rebase", 1],
  ] as const)
    it(`are merged by ${method}`, async () => {
      const { body } = await propose("v2");
      const url = `${pulls}/1/merge`;
      const moved = await github.ann("PUT", url, { merge_method: method, sha: "0".repeat(40) });
      assert.equal(moved.status, 409);
      assert.equal(moved.body.message, "Head branch was modified. Review and try the merge again.");
      await write("other", "x\n");
      assert.equal((await github.ann("GET", url)).status, 404);
      const merged = await github.ann<{ sha: string }>("PUT", url, {
        merge_method: method,
        sha: body.head.sha,
      });
      assert.equal(merged.status, 200);
      assert.equal(await headOf("main"), merged.body.sha);
      const line = (await git("rev-list", "--parents", "-1", "main")).trim().split(" ");
      assert.equal(line.length - 1, parents);
      assert.equal((await git("show", "main:config")).trim(), "tag: v2");
      const pull = await get();
      assert.equal(pull.state, "closed");
      assert.equal(pull.merged, true);
      assert.equal(pull.merge_commit_sha, merged.body.sha);
      assert.equal((await github.ann("GET", url)).status, 204);
      assert.equal((await github.ann("PUT", url)).status, 405);
      const closed = told().at(-1);
      assert.equal(closed?.action, "closed");
      assert.equal(closed.sha, merged.body.sha);
      assert.equal(told("push").at(-1)?.sha, merged.body.sha);
      for (const sha of [merged.body.sha, body.head.sha]) {
        const found = await github.ann<Pull[]>("GET", `${shop}/commits/${sha}/pulls`);
        assert.deepEqual(
          found.body.map(({ number }) => number),
          [1],
        );
      }
    });

  it("are merged by a push that has them, and closed where nothing is left", async () => {
    await propose("v2");
    const pushed = await headOf("v2");
    await github.ann("PATCH", `${shop}/git/refs/heads/main`, { sha: pushed });
    const merged = await get();
    assert.equal(merged.merged, true);
    assert.equal(merged.merge_commit_sha, pushed);

    await propose("v3");
    await github.ann("PATCH", `${shop}/git/refs/heads/v3`, { sha: await headOf("main"), force: true });
    const closed = await get(2);
    assert.equal(closed.state, "closed");
    assert.equal(closed.merged, false);

    await propose("v4");
    await github.ann("DELETE", `${shop}/git/refs/heads/v4`);
    assert.equal((await get(3)).state, "closed");
    assert.equal((await github.ann("PATCH", `${pulls}/3`, { state: "open" })).status, 422);
  });

  it("close, open again as their branch is by then, and are edited", async () => {
    await propose("v2");
    await github.ann("PATCH", `${pulls}/1`, { state: "closed" });
    const sha = await write("config", "tag: v2b\n", "v2");
    const open = await github.ann<Pull>("PATCH", `${pulls}/1`, { state: "open", title: "New title" });
    assert.equal(open.body.head.sha, sha);
    assert.equal(open.body.title, "New title");
    assert.deepEqual(actions(), ["opened", "closed", "edited", "reopened"]);
    await github.ann("PATCH", `${shop}/issues/1`, { state: "closed" });
    assert.equal((await get()).state, "closed");
  });

  it("come from a fork, by somebody who may not write here", async () => {
    const bob = github.as(github.token("bob", { user: "bob", kind: "classic", scopes: ["public_repo"] }));
    assert.equal((await bob("POST", `${shop}/forks`)).status, 202);
    await write("config", "tag: bob's\n", "main", bob, "/repos/bob/shop");
    const { status, body } = await bob<Pull>("POST", pulls, {
      title: "Mine",
      head: "bob:main",
      base: "main",
    });
    assert.equal(status, 201);
    assert.equal(body.head.repo.full_name, "bob/shop");
    assert.equal(body.mergeable, true);
    assert.equal((await git("show", "refs/pull/1/merge:config")).trim(), "tag: bob's");
    const sha = await write("config", "tag: bob's second\n", "main", bob, "/repos/bob/shop");
    assert.equal((await get()).head.sha, sha);
    assert.equal(told().at(-1)?.action, "synchronize");
    assert.equal((await bob("PUT", `${pulls}/1/merge`)).status, 404);
    assert.equal((await github.ann("PUT", `${pulls}/1/merge`)).status, 200);
  });

  it("are no workflow's to create until somebody allows it", async () => {
    await branch("v2");
    await write("config", "tag: v2\n", "v2");
    const job = (permissions: Record<string, "read" | "write">) =>
      github.as(
        github.token(`job-${Object.keys(permissions).join("-")}`, {
          user: "github-actions[bot]",
          kind: "installation",
          repositories: ["ann/shop"],
          permissions,
        }),
      );
    const wanted = { title: "Bump", head: "v2", base: "main" };
    const without = await job({ contents: "write" })("POST", pulls, wanted);
    assert.equal(without.status, 403);
    assert.equal(without.body.message, "Resource not accessible by integration");
    const as = job({ pull_requests: "write" });
    const before = await as("POST", pulls, wanted);
    assert.equal(before.status, 403);
    assert.equal(before.body.message, "GitHub Actions is not permitted to create or approve pull requests.");
    await github.ann("PUT", `${shop}/actions/permissions/workflow`, {
      can_approve_pull_request_reviews: true,
    });
    assert.equal((await as("POST", pulls, wanted)).status, 201);
    assert.equal(told().at(-1)?.byWorkflow, true);
    assert.equal((await as("POST", `${shop}/issues/1/comments`, { body: "Preview" })).status, 201);
    assert.equal((await as("PUT", `${pulls}/1/merge`)).status, 403);
  });
});
