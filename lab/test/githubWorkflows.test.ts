import assert from "node:assert/strict";
import { createRun } from "../github/runs.ts";
import { knowWorkflow } from "../github/workflows.ts";
import { type GitHub, startGitHub } from "./githubServer.ts";

const bump = `
name: Bump
on:
  workflow_dispatch:
    inputs:
      tag: { required: true }
      prerelease: { type: boolean, default: false }
jobs: {}
`;

describe("the lab's GitHub: workflows", () => {
  let github: GitHub;
  const shop = "/repos/ann/shop";
  const actions = `${shop}/actions`;

  before(async () => {
    github = startGitHub();
    await github.ann("POST", "/user/repos", { name: "shop", auto_init: true });
    for (const [name, text] of [
      ["bump.yaml", bump],
      ["push.yaml", "on: push\njobs: {}\n"],
    ] as const)
      await github.ann("PUT", `${shop}/contents/.github/workflows/${name}`, {
        message: name,
        content: Buffer.from(text).toString("base64"),
      });
  });
  after(() => github.stop());
  beforeEach(() => github.events.splice(0));

  const repository = () => {
    const found = github.context.state.repository("ann", "shop");
    assert.ok(found);
    return found;
  };
  /** A POST whose answer GitHub's description may not have. */
  const post = async (url: string, body: object, token = github.annToken) => {
    const answer = await github.app.inject({
      method: "POST",
      url: `/api/v3${url}`,
      headers: { authorization: `Bearer ${token}` },
      payload: body,
    });
    const { message } = (answer.body ? answer.json() : {}) as { message?: string };
    return { status: answer.statusCode, message };
  };

  it("are listed, and found by number or file name", async () => {
    const { body } = await github.ann<{ workflows: { id: number; name: string; path: string }[] }>(
      "GET",
      `${actions}/workflows`,
    );
    assert.deepEqual(
      body.workflows.map(({ name, path }) => [name, path]),
      [
        ["Bump", ".github/workflows/bump.yaml"],
        [".github/workflows/push.yaml", ".github/workflows/push.yaml"],
      ],
    );
    const id = body.workflows[0]?.id;
    assert.equal((await github.ann("GET", `${actions}/workflows/${id}`)).body.name, "Bump");
    assert.equal((await github.ann("GET", `${actions}/workflows/bump.yaml`)).body.id, id);
    assert.equal((await github.ann("GET", `${actions}/workflows/none.yaml`)).status, 404);
  });

  describe("workflow_dispatch", () => {
    const url = `${actions}/workflows/bump.yaml/dispatches`;

    it("starts a workflow with its inputs, a workflow's token included", async () => {
      const { status } = await github.ann("POST", url, { ref: "main", inputs: { tag: "v0.0.2" } });
      assert.equal(status, 204);
      const [event] = github.events;
      assert.equal(event?.name, "workflow_dispatch");
      assert.equal(event.ref, "refs/heads/main");
      assert.deepEqual(event.payload, {
        inputs: { tag: "v0.0.2", prerelease: "false" },
        ref: "refs/heads/main",
        workflow: ".github/workflows/bump.yaml",
      });
      const token = github.token("job", {
        user: "github-actions[bot]",
        kind: "installation",
        repositories: ["ann/shop"],
        permissions: { actions: "write" },
      });
      const again = await github.as(token)("POST", url, { ref: "refs/heads/main", inputs: { tag: "v1" } });
      assert.equal(again.status, 204);
      assert.equal(github.events.at(-1)?.byWorkflow, true);
    });

    it("fails with GitHub's sentences", async () => {
      const push = `${actions}/workflows/push.yaml/dispatches`;
      assert.deepEqual(await post(url, { ref: "main" }), {
        status: 422,
        message: "Required input 'tag' not provided",
      });
      assert.deepEqual(await post(url, { ref: "main", inputs: { tag: "v1", x: "y" } }), {
        status: 422,
        message: 'Unexpected inputs provided: ["x"]',
      });
      assert.deepEqual(await post(url, { ref: "gone", inputs: { tag: "v1" } }), {
        status: 422,
        message: "No ref found for: gone",
      });
      assert.deepEqual(await post(push, { ref: "main" }), {
        status: 422,
        message: "Workflow does not have 'workflow_dispatch' trigger",
      });
      assert.equal((await post(`${actions}/workflows/none.yaml/dispatches`, { ref: "main" })).status, 404);
      assert.deepEqual(github.events, []);
    });

    it("fails for a workflow that is switched off", async () => {
      const workflow = `${actions}/workflows/bump.yaml`;
      assert.equal((await github.ann("PUT", `${workflow}/disable`)).status, 204);
      assert.equal((await github.ann("GET", workflow)).body.state, "disabled_manually");
      assert.deepEqual(await post(url, { ref: "main", inputs: { tag: "v1" } }), {
        status: 422,
        message: "Cannot trigger a 'workflow_dispatch' on a disabled workflow",
      });
      assert.equal((await github.ann("PUT", `${workflow}/enable`)).status, 204);
    });

    it("tells the run that it started, where asked", async () => {
      const { context } = github;
      context.events.once("event", (event) => {
        const { id, name, path } = knowWorkflow(context, repository(), ".github/workflows/bump.yaml", "Bump");
        createRun(context.state, {
          repository: repository().id,
          workflow: { id, name, path },
          event: event.name,
          payload: event.payload,
          ref: event.ref,
          headSha: event.sha,
          headBranch: "main",
          headRepository: repository().id,
          actor: event.actor,
          title: name,
        });
      });
      const body = { ref: "main", inputs: { tag: "v1" }, return_run_details: true };
      const answer = await github.ann("POST", url, body);
      assert.equal(answer.status, 200);
      assert.equal(answer.body.workflow_run_id, context.state.runs.at(-1)?.id);
    });

    it("needs actions: write, and no more", async () => {
      const token = (name: string, permissions: Record<string, "read" | "write">) =>
        github.token(name, {
          user: "ann",
          kind: "fine-grained",
          repositories: ["ann/shop"],
          permissions,
        });
      const body = { ref: "main", inputs: { tag: "v1" } };
      assert.equal((await post(url, body, token("dispatcher", { actions: "write" }))).status, 204);
      const other = token("writer", { contents: "write", actions: "read" });
      assert.equal((await post(url, body, other)).status, 403);
    });
  });

  it("repository_dispatch needs contents: write, and happens on the default branch", async () => {
    const body = { event_type: "released", client_payload: { tag: "v1" } };
    const token = github.token("only-actions", {
      user: "ann",
      kind: "fine-grained",
      repositories: ["ann/shop"],
      permissions: { actions: "write" },
    });
    assert.equal((await post(`${shop}/dispatches`, body, token)).status, 403);
    assert.equal((await github.ann("POST", `${shop}/dispatches`, body)).status, 204);
    const [event] = github.events;
    assert.equal(event?.name, "repository_dispatch");
    assert.equal(event.action, "released");
    assert.equal(event.ref, "refs/heads/main");
    assert.deepEqual(event.payload.client_payload, { tag: "v1" });
    assert.equal((await post(`${shop}/dispatches`, {})).status, 422);
  });
});
