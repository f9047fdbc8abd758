import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createJob, createRun, updateJob, updateRun, type Review, type Run } from "../github/runs.ts";
import { knowWorkflow } from "../github/workflows.ts";
import { type GitHub, startGitHub } from "./githubServer.ts";

describe("the lab's GitHub: runs", () => {
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
    for (const name of ["bump", "push"])
      await github.ann("PUT", `${shop}/contents/.github/workflows/${name}.yaml`, {
        message: name,
        content: Buffer.from("on: push\njobs: {}\n").toString("base64"),
      });
  });
  after(async () => {
    await github.stop();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => asked.splice(0));

  const repository = () => {
    const found = github.context.state.repository("ann", "shop");
    assert.ok(found);
    return found;
  };
  /** The status of a POST whose answer GitHub's description may not have. */
  const post = async (url: string, body: object) => {
    const headers = { authorization: `Bearer ${github.annToken}` };
    return (await github.app.inject({ method: "POST", url: `/api/v3${url}`, headers, payload: body }))
      .statusCode;
  };
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
    assert.equal(await post(`${url}/rerun`, {}), 403);
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
    assert.equal(await post(url, answer(1)), 422);
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
