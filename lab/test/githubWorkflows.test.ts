import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createJob, createRun, updateJob, updateRun, type Review, type Run } from "../github/runs.ts";
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

describe("the lab's GitHub: workflows and runs", () => {
  let github: GitHub;
  let folder: string;
  const shop = "/repos/ann/shop";
  const actions = `${shop}/actions`;
  const asked: string[] = [];

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "slipway-logs-"));
    github = startGitHub();
    github.context.runner = {
      cancel: (run) => asked.push(`cancel ${run.number}`),
      rerun: (run, jobs) => asked.push(`rerun ${run.number}.${run.attempt} ${jobs?.join() ?? "all"}`),
      reviewed: (run, review) => asked.push(`${review.state} ${run.number} ${review.environments.join()}`),
    };
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
  after(async () => {
    await github.stop();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    asked.splice(0);
    github.events.splice(0);
  });

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

  describe("runs", () => {
    const newRun = async (): Promise<Run> => {
      const { state, git } = github.context;
      const here = repository();
      const { id, name, path } = knowWorkflow(github.context, here, ".github/workflows/bump.yaml", "Bump");
      return createRun(state, {
        repository: here.id,
        workflow: { id, name, path },
        event: "workflow_dispatch",
        payload: {},
        ref: "refs/heads/main",
        headSha: (await git.commitOf(here, "main")) ?? "",
        headBranch: "main",
        headRepository: here.id,
        actor: "ann",
        title: "Bump to v0.0.2",
      });
    };
    interface Shown {
      total_count: number;
      workflow_runs: { run_number: number }[];
      jobs: { name: string; conclusion: string; run_attempt: number }[];
    }

    it("are listed with their jobs, and their logs are a redirect away", async () => {
      const { state } = github.context;
      const run = await newRun();
      const job = createJob(state, run, { key: "bump", name: "Bump dev" });
      const log = path.join(folder, "job.log");
      writeFileSync(log, "bumped\n");
      const step = { name: "Run", number: 1, startedAt: state.timestamp(), completedAt: state.timestamp() };
      updateJob(state, job, { status: "in_progress", log });
      updateJob(state, job, {
        status: "completed",
        conclusion: "success",
        steps: [{ ...step, status: "completed", conclusion: "success" }],
      });
      updateRun(state, run, { status: "completed", conclusion: "success" });

      const shown = await github.ann("GET", `${actions}/runs/${run.id}`);
      assert.equal(shown.body.display_title, "Bump to v0.0.2");
      assert.equal(shown.body.conclusion, "success");
      const jobs = await github.ann<Shown>("GET", `${actions}/runs/${run.id}/jobs`);
      assert.deepEqual(
        jobs.body.jobs.map(({ name, conclusion }) => [name, conclusion]),
        [["Bump dev", "success"]],
      );
      assert.equal((await github.ann("GET", `${actions}/jobs/${job.id}`)).body.name, "Bump dev");
      const headers = { authorization: `Bearer ${github.annToken}` };
      const answer = await github.app.inject({ url: `/api/v3${actions}/jobs/${job.id}/logs`, headers });
      assert.equal(answer.statusCode, 302);
      const location = new URL(answer.headers.location ?? "");
      assert.equal((await github.app.inject({ url: location.pathname })).body, "bumped\n");
      assert.equal((await github.app.inject({ url: "/api/v3/_logs/guessed" })).statusCode, 404);
    });

    it("are found by event, branch, status and workflow", async () => {
      const count = async (query: string, base = actions) =>
        (await github.ann<Shown>("GET", `${base}/runs?${query}`)).body.total_count;
      const all = await count("");
      assert.ok(all >= 1);
      assert.equal(await count("event=workflow_dispatch&branch=main&actor=ann"), all);
      assert.equal(await count("event=push"), 0);
      assert.equal(await count("status=success"), 1);
      assert.equal(await count("", `${actions}/workflows/bump.yaml`), all);
      assert.equal(await count("", `${actions}/workflows/push.yaml`), 0);
    });

    it("are cancelled while they run, and run again afterwards: all, or what failed", async () => {
      const { state } = github.context;
      const run = await newRun();
      const url = `${actions}/runs/${run.id}`;
      for (const [key, conclusion] of [
        ["build", "success"],
        ["deploy", "failure"],
      ] as const)
        updateJob(state, createJob(state, run, { key, name: key }), { status: "completed", conclusion });
      assert.equal((await post(`${url}/rerun`, {})).status, 403);
      assert.equal((await github.ann("POST", `${url}/cancel`)).status, 202);
      updateRun(state, run, { status: "completed", conclusion: "failure" });
      assert.equal((await github.ann("POST", `${url}/cancel`)).status, 409);
      assert.equal((await github.ann("POST", `${url}/rerun-failed-jobs`)).status, 201);
      assert.deepEqual(asked, [`cancel ${run.number}`, `rerun ${run.number}.2 deploy`]);
      const kept = await github.ann<Shown>("GET", `${url}/jobs`);
      assert.deepEqual(
        kept.body.jobs.map(({ name, run_attempt }) => [name, run_attempt]),
        [["build", 2]],
      );
      assert.equal((await github.ann<Shown>("GET", `${url}/attempts/1/jobs`)).body.total_count, 2);
      updateRun(state, run, { status: "completed", conclusion: "failure" });
      assert.equal((await github.ann("POST", `${url}/rerun`)).status, 201);
      assert.equal(asked.at(-1), `rerun ${run.number}.3 all`);
    });

    it("wait for a reviewer's approval", async () => {
      const { state } = github.context;
      const environment = await github.ann<{ id: number }>("PUT", `${shop}/environments/prod`, {
        reviewers: [{ type: "User", id: state.user("ann")?.id }],
      });
      const run = await newRun();
      createJob(state, run, { key: "deploy", name: "Deploy", environment: "prod", status: "waiting" });
      const url = `${actions}/runs/${run.id}/pending_deployments`;
      const pending = await github.ann<{ environment: { id: number }; current_user_can_approve: boolean }[]>(
        "GET",
        url,
      );
      assert.equal(pending.body[0]?.environment.id, environment.body.id);
      assert.equal(pending.body[0].current_user_can_approve, true);
      const answer = (id: number) => ({ environment_ids: [id], state: "approved", comment: "Go" });
      assert.equal((await post(url, answer(1))).status, 422);
      assert.equal((await github.ann("POST", url, answer(environment.body.id))).status, 200);
      assert.deepEqual(asked, [`approved ${run.number} prod`]);
      const reviews = await github.ann<Review[]>("GET", `${actions}/runs/${run.id}/approvals`);
      assert.equal(reviews.body[0]?.comment, "Go");
    });

    it("are nobody else's", async () => {
      const run = await newRun();
      await github.ann("POST", "/user/repos", { name: "other", auto_init: true });
      assert.equal((await github.ann("GET", `/repos/ann/other/actions/runs/${run.id}`)).status, 404);
    });
  });
});
