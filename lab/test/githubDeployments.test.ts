import assert from "node:assert/strict";
import { type GitHub, startGitHub } from "./githubServer.ts";

interface Status {
  state: string;
  context: string;
  description: string | null;
}

describe("the lab's GitHub: statuses and deployments", () => {
  let github: GitHub;
  let sha: string;
  const shop = "/repos/ann/shop";

  beforeEach(async () => {
    github = startGitHub();
    await github.ann("POST", "/user/repos", { name: "shop", auto_init: true });
    const { body } = await github.ann<{ sha: string }[]>("GET", `${shop}/commits`);
    sha = body[0]?.sha ?? "";
  });
  afterEach(() => github.stop());

  describe("statuses", () => {
    const set = (context: string, state: string, description?: string) =>
      github.ann<Status>("POST", `${shop}/statuses/${sha}`, { context, state, description });
    const combined = async (ref = sha) =>
      (
        await github.ann<{ state: string; statuses: Status[]; total_count: number }>(
          "GET",
          `${shop}/commits/${ref}/status`,
        )
      ).body;

    it("of a commit count by context, the newest of each", async () => {
      assert.equal((await combined()).state, "pending");
      assert.equal((await set("slipway/dev", "pending")).status, 201);
      await set("slipway/dev/preview", "success", "1 to update, plan 0123456789abcdef");
      assert.equal((await combined()).state, "pending");
      await set("slipway/dev", "success");
      const both = await combined("main");
      assert.equal(both.state, "success");
      assert.equal(both.total_count, 2);
      await set("slipway/dev", "error");
      assert.equal((await combined()).state, "failure");
      const all = await github.ann<Status[]>("GET", `${shop}/commits/${sha}/statuses?per_page=3`);
      assert.deepEqual(
        all.body.map(({ state }) => state),
        ["error", "success", "success"],
      );
      assert.equal(github.events.filter(({ name }) => name === "status").length, 4);
    });

    it("fail for a commit that is not there, a long description and an unknown state", async () => {
      const post = async (at: string, body: object) => {
        const { statusCode, body: text } = await github.app.inject({
          method: "POST",
          url: `/api/v3${shop}/statuses/${at}`,
          headers: { authorization: `Bearer ${github.annToken}` },
          payload: body,
        });
        assert.equal(statusCode, 422);
        return text;
      };
      assert.match(await post("f".repeat(40), { state: "success" }), /No commit found for SHA/);
      assert.match(await post(sha, { state: "success", description: "x".repeat(141) }), /too long/);
      assert.match(await post(sha, { state: "fine" }), /Invalid request/);
    });

    it("need their permission", async () => {
      const token = github.token("statusless", {
        user: "github-actions[bot]",
        kind: "installation",
        repositories: ["ann/shop"],
        permissions: { contents: "write", deployments: "write" },
      });
      const answer = await github.as(token)("POST", `${shop}/statuses/${sha}`, { state: "success" });
      assert.equal(answer.status, 403);
    });
  });

  describe("deployments", () => {
    const deployments = `${shop}/deployments`;
    const deploy = (environment: string, more: object = {}) =>
      github.ann<{ id: number; sha: string }>("POST", deployments, { ref: "main", environment, ...more });
    const states = async (id: number) =>
      (await github.ann<Status[]>("GET", `${deployments}/${id}/statuses`)).body.map(({ state }) => state);

    it("make their environment, and the newer success puts the older one out of use", async () => {
      const first = await deploy("dev");
      assert.equal(first.status, 201);
      assert.equal(first.body.sha, sha);
      assert.equal((await github.ann("GET", `${shop}/environments/dev`)).status, 200);
      const report = (id: number, state: string) =>
        github.ann("POST", `${deployments}/${id}/statuses`, { state, description: state });
      await report(first.body.id, "in_progress");
      await report(first.body.id, "success");
      const second = await deploy("dev");
      await report(second.body.id, "failure");
      assert.deepEqual(await states(first.body.id), ["success", "in_progress"]);
      await report(second.body.id, "success");
      assert.deepEqual(await states(first.body.id), ["inactive", "success", "in_progress"]);
      const names = github.events.map(({ name }) => name).filter((name) => name.startsWith("deployment"));
      assert.equal(names.filter((name) => name === "deployment").length, 2);
      assert.equal(names.filter((name) => name === "deployment_status").length, 4);
    });

    it("are found by environment, ref, task and commit", async () => {
      await deploy("dev");
      await deploy("prod", { task: "deploy:migrations", payload: { plan: "x" } });
      const count = async (query: string) =>
        (await github.ann<unknown[]>("GET", `${deployments}?${query}`)).body.length;
      assert.equal(await count(""), 2);
      assert.equal(await count("environment=dev"), 1);
      assert.equal(await count("task=deploy:migrations&environment=prod"), 1);
      assert.equal(await count(`sha=${sha}&ref=main`), 2);
      assert.equal(await count("ref=other"), 0);
    });

    it("fail while a status of the commit is no success, unless none is asked for", async () => {
      await github.ann("POST", `${shop}/statuses/${sha}`, { state: "failure" });
      assert.equal((await deploy("dev")).status, 409);
      assert.equal((await deploy("dev", { required_contexts: [] })).status, 201);
      assert.equal((await deploy("dev", { ref: "nowhere" })).status, 422);
    });

    it("need their permission", async () => {
      const token = github.token("reader", {
        user: "ann",
        kind: "fine-grained",
        repositories: ["ann/shop"],
        permissions: { deployments: "read" },
      });
      assert.equal((await github.as(token)("POST", deployments, { ref: "main" })).status, 403);
      assert.equal((await github.as(token)("GET", deployments)).status, 200);
    });
  });
});
