import assert from "node:assert/strict";
import { type GitHub, startGitHub } from "./githubServer.ts";

interface Issue {
  number: number;
  title: string;
  state: string;
  state_reason: string | null;
  labels: { name: string }[];
  comments: number;
}
interface Comment {
  id: number;
  body: string;
}

describe("the lab's GitHub: issues and comments", () => {
  let github: GitHub;
  const issues = "/repos/ann/shop/issues";
  const titles = async (query: string) =>
    (await github.ann<Issue[]>("GET", `${issues}?${query}`)).body.map(({ title }) => title);

  before(async () => {
    github = startGitHub();
    await github.ann("POST", "/user/repos", { name: "shop", private: true, auto_init: true });
  });
  after(() => github.stop());

  it("open, close and open again", async () => {
    const { status, body } = await github.ann<Issue>("POST", issues, {
      title: "dev has drifted",
      body: "One Deployment.",
      labels: ["slipway:drift", "dev"],
    });
    assert.equal(status, 201);
    assert.equal(body.number, 1);
    assert.deepEqual(
      body.labels.map(({ name }) => name),
      ["slipway:drift", "dev"],
    );
    const closed = await github.ann<Issue>("PATCH", `${issues}/1`, { state: "closed" });
    assert.equal(closed.body.state_reason, "completed");
    const again = await github.ann<Issue>("PATCH", `${issues}/1`, { state: "open" });
    assert.equal(again.body.state_reason, "reopened");
    const told = github.events.filter(({ name }) => name === "issues").map(({ action }) => action);
    assert.deepEqual(told, ["opened", "closed", "reopened"]);
  });

  it("are found by state, labels and who opened them, in pages", async () => {
    for (const title of ["two", "three"]) await github.ann("POST", issues, { title, labels: ["dev"] });
    await github.ann("PATCH", `${issues}/2`, { state: "closed", state_reason: "not_planned" });
    assert.deepEqual(await titles("labels=dev"), ["three", "dev has drifted"]);
    assert.deepEqual(await titles("labels=dev,SLIPWAY:drift&creator=ann"), ["dev has drifted"]);
    assert.deepEqual(await titles("creator=bob"), []);
    assert.deepEqual(await titles("state=closed"), ["two"]);
    assert.deepEqual(await titles("state=all&direction=asc&per_page=2"), ["dev has drifted", "two"]);
    assert.deepEqual(await titles("state=all&direction=asc&per_page=2&page=2"), ["three"]);
  });

  it("take labels and lose them", async () => {
    const url = `${issues}/3/labels`;
    await github.ann("POST", url, { labels: ["more"] });
    await github.ann("DELETE", `${url}/dev`);
    assert.deepEqual(
      (await github.ann<Issue>("GET", `${issues}/3`)).body.labels.map(({ name }) => name),
      ["more"],
    );
    assert.equal((await github.ann("DELETE", `${url}/dev`)).status, 404);
    const made = await github.ann("POST", "/repos/ann/shop/labels", { name: "red", color: "ff0000" });
    assert.equal(made.status, 201);
    assert.equal((await github.ann("POST", "/repos/ann/shop/labels", { name: "Red" })).status, 422);
    const all = await github.ann<{ name: string }[]>("GET", "/repos/ann/shop/labels");
    assert.deepEqual(
      all.body.map(({ name }) => name),
      ["slipway:drift", "dev", "more", "red"],
    );
  });

  it("have comments, edited in place", async () => {
    const first = await github.ann<Comment>("POST", `${issues}/1/comments`, { body: "<!-- mark --> one" });
    assert.equal(first.status, 201);
    await github.ann("POST", `${issues}/1/comments`, { body: "two" });
    const url = `${issues}/comments/${first.body.id}`;
    assert.equal((await github.ann<Comment>("PATCH", url, { body: "edited" })).body.body, "edited");
    const listed = await github.ann<Comment[]>("GET", `${issues}/1/comments`);
    assert.deepEqual(
      listed.body.map(({ body }) => body),
      ["edited", "two"],
    );
    assert.equal((await github.ann("DELETE", url)).status, 204);
    assert.equal((await github.ann("GET", url)).status, 404);
    assert.equal((await github.ann<Issue>("GET", `${issues}/1`)).body.comments, 1);
  });

  it("fail over 65,536 characters, counted as a person counts", async () => {
    const url = `${issues}/1/comments`;
    assert.equal((await github.ann("POST", url, { body: "😀".repeat(65_536) })).status, 201);
    const refused = await github.ann("POST", url, { body: "x".repeat(65_537) });
    assert.equal(refused.status, 422);
    assert.match(JSON.stringify(refused.body), /Body is too long \(maximum is 65536 characters\)/);
  });

  it("fail without a title, and where there is none of this number", async () => {
    assert.equal((await github.ann("POST", issues, { body: "x" })).status, 422);
    assert.equal((await github.ann("GET", `${issues}/99`)).status, 404);
    assert.equal((await github.ann("GET", `${issues}/comments/99`)).status, 404);
  });

  it("need their permission", async () => {
    const token = github.token("reads-issues", {
      user: "ann",
      kind: "installation",
      repositories: ["ann/shop"],
      permissions: { issues: "read", pull_requests: "write", contents: "write" },
    });
    const as = github.as(token);
    assert.equal((await as("GET", `${issues}/1`)).status, 200);
    for (const [method, url, body] of [
      ["POST", issues, { title: "x" }],
      ["PATCH", `${issues}/1`, { state: "closed" }],
      ["POST", `${issues}/1/comments`, { body: "x" }],
    ] as const) {
      const answer = await as(method, url, body);
      assert.equal(answer.status, 403);
      assert.equal(answer.body.message, "Resource not accessible by integration");
    }
  });
});
