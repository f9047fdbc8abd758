import assert from "node:assert/strict";
import { shop, pulls, startShop, type Shop, type Pull } from "./githubPullRequests.ts";

describe("the lab's GitHub: pull requests", () => {
  let lab: Shop;
  beforeEach(async () => {
    lab = await startShop();
  });
  afterEach(() => lab.stop());

  it("open, with what git says of them", async () => {
    const { status, body } = await lab.propose("v2");
    assert.equal(status, 201);
    assert.equal(body.number, 1);
    assert.equal(body.mergeable, true);
    assert.equal(body.mergeable_state, "clean");
    assert.equal(body.commits, 1);
    assert.equal(body.changed_files, 1);
    assert.equal(body.head.label, "ann:v2");
    const files = await lab.github.ann<{ filename: string; patch: string }[]>("GET", `${pulls}/1/files`);
    assert.equal(files.body[0]?.filename, "config");
    assert.match(files.body[0]?.patch ?? "", /\+tag: v2/);
    assert.equal((await lab.github.ann<unknown[]>("GET", `${pulls}/1/commits`)).body.length, 1);
    assert.equal((await lab.git("rev-parse", "refs/pull/1/head")).trim(), body.head.sha);
    assert.equal((await lab.git("rev-parse", "refs/pull/1/merge")).trim(), body.merge_commit_sha);
    const [event] = lab.told();
    assert.equal(event?.ref, "refs/pull/1/merge");
    assert.equal(event.sha, body.merge_commit_sha);
    assert.equal((await lab.github.ann("GET", `${shop}/issues/1`)).body.title, "Tag v2");
  });

  it("fail where there is nothing to propose, or it was proposed already", async () => {
    await lab.propose("v2");
    await lab.branch("same");
    const refused = async (body: object) => {
      const answer = await lab.github.ann("POST", pulls, { title: "x", base: "main", ...body });
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
    for (const name of ["v2", "v3", "v4"]) await lab.propose(name);
    await lab.github.ann("PATCH", `${pulls}/2`, { state: "closed" });
    const numbers = async (query: string) =>
      (await lab.github.ann<Pull[]>("GET", `${pulls}?${query}`)).body.map(({ number }) => number);
    assert.deepEqual(await numbers(""), [3, 1]);
    assert.deepEqual(await numbers("state=all&per_page=2"), [3, 2]);
    assert.deepEqual(await numbers("state=all&per_page=2&page=2"), [1]);
    assert.deepEqual(await numbers("head=ann:v4"), [3]);
    assert.deepEqual(await numbers("head=bob:v4"), []);
    assert.deepEqual(await numbers("head=ann:v3&state=closed"), [2]);
    assert.deepEqual(await numbers("base=other"), []);
    const { headers } = await lab.github.ann("GET", `${pulls}?state=all&per_page=2`);
    assert.match(headers.link ?? "", /page=2>; rel="next"/);
  });

  it("follow their branch", async () => {
    await lab.propose("v2");
    const sha = await lab.write("config", "tag: v2b\n", "v2");
    const pull = await lab.get();
    assert.equal(pull.head.sha, sha);
    assert.equal(pull.commits, 2);
    assert.deepEqual(lab.actions(), ["opened", "synchronize"]);
    assert.equal((await lab.git("rev-parse", "refs/pull/1/head")).trim(), sha);
    assert.equal((await lab.git("show", "refs/pull/1/merge:config")).trim(), "tag: v2b");
  });

  it("tell of a conflict, start nothing then, and can't be merged", async () => {
    await lab.propose("v2");
    await lab.write("config", "tag: v9\n");
    const pull = await lab.get();
    assert.equal(pull.mergeable, false);
    assert.equal(pull.mergeable_state, "dirty");
    assert.equal(pull.merge_commit_sha, null);
    await assert.rejects(lab.git("rev-parse", "--verify", "--quiet", "refs/pull/1/merge"));
    const merge = await lab.github.ann("PUT", `${pulls}/1/merge`);
    assert.equal(merge.status, 405);
    assert.equal(merge.body.message, "Pull Request is not mergeable");
    await lab.write("config", "tag: v2b\n", "v2");
    assert.deepEqual(lab.actions(), ["opened"]);
  });

  it("are unstable while a status of their head is no success", async () => {
    const { body } = await lab.propose("v2");
    await lab.github.ann("POST", `${shop}/statuses/${body.head.sha}`, { state: "pending" });
    assert.equal((await lab.get()).mergeable_state, "unstable");
    await lab.github.ann("POST", `${shop}/statuses/${body.head.sha}`, { state: "success" });
    assert.equal((await lab.get()).mergeable_state, "clean");
  });

  it("close, open again as their branch is by then, and are edited", async () => {
    await lab.propose("v2");
    await lab.github.ann("PATCH", `${pulls}/1`, { state: "closed" });
    const sha = await lab.write("config", "tag: v2b\n", "v2");
    const open = await lab.github.ann<Pull>("PATCH", `${pulls}/1`, { state: "open", title: "New title" });
    assert.equal(open.body.head.sha, sha);
    assert.equal(open.body.title, "New title");
    assert.deepEqual(lab.actions(), ["opened", "closed", "edited", "reopened"]);
    await lab.github.ann("PATCH", `${shop}/issues/1`, { state: "closed" });
    assert.equal((await lab.get()).state, "closed");
  });

  it("come from a fork, by somebody who may not write here", async () => {
    const bob = lab.github.as(
      lab.github.token("bob", { user: "bob", kind: "classic", scopes: ["public_repo"] }),
    );
    assert.equal((await bob("POST", `${shop}/forks`)).status, 202);
    await lab.write("config", "tag: bob's\n", "main", bob, "/repos/bob/shop");
    const { status, body } = await bob<Pull>("POST", pulls, {
      title: "Mine",
      head: "bob:main",
      base: "main",
    });
    assert.equal(status, 201);
    assert.equal(body.head.repo.full_name, "bob/shop");
    assert.equal(body.mergeable, true);
    assert.equal((await lab.git("show", "refs/pull/1/merge:config")).trim(), "tag: bob's");
    const sha = await lab.write("config", "tag: bob's second\n", "main", bob, "/repos/bob/shop");
    assert.equal((await lab.get()).head.sha, sha);
    assert.equal(lab.told().at(-1)?.action, "synchronize");
    assert.equal((await bob("PUT", `${pulls}/1/merge`)).status, 404);
    assert.equal((await lab.github.ann("PUT", `${pulls}/1/merge`)).status, 200);
  });

  it("are no workflow's to create until somebody allows it", async () => {
    await lab.branch("v2");
    await lab.write("config", "tag: v2\n", "v2");
    const job = (permissions: Record<string, "read" | "write">) =>
      lab.github.as(
        lab.github.token(`job-${Object.keys(permissions).join("-")}`, {
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
    await lab.github.ann("PUT", `${shop}/actions/permissions/workflow`, {
      can_approve_pull_request_reviews: true,
    });
    assert.equal((await as("POST", pulls, wanted)).status, 201);
    assert.equal(lab.told().at(-1)?.byWorkflow, true);
    assert.equal((await as("POST", `${shop}/issues/1/comments`, { body: "Preview" })).status, 201);
    assert.equal((await as("PUT", `${pulls}/1/merge`)).status, 403);
  });
});
