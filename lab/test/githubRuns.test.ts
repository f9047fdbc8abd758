import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Runner } from "../github/runner/runner.ts";
import { startedBy } from "../github/runner/triggers.ts";
import { type GitHub, startGitHub } from "./githubServer.ts";

const shop = "/repos/ann/shop";

/** Stands in for act: says that the one job of the workflow ended well, or waits to be ended. */
const act = `#!/bin/sh
while [ "$1" != "--workflows" ]; do shift; done
grep -q sleep "$2" && sleep 300
key=$(sed -n '/^jobs:/{n;s/[ :]//g;p;}' "$2")
echo "{\\"jobID\\":\\"$key\\",\\"jobResult\\":\\"success\\",\\"msg\\":\\"done\\"}"
`;

describe("the lab's GitHub: runs of workflows", () => {
  let github: GitHub;
  let folder: string;
  let runner: Runner;
  const faults: string[] = [];

  const put = async (file: string, text: string, more: object = {}) => {
    const content = Buffer.from(text).toString("base64");
    const at = `${shop}/contents/${file}`;
    const { status } = await github.ann("PUT", at, { message: `Write ${file}`, content, ...more });
    assert.ok([200, 201].includes(status), `${file}: ${status}`);
  };
  const started = async () => {
    const { commit, workflows } = await startedBy(github.context, github.events.at(-1) as never);
    return { commit, paths: workflows.map((one) => path.basename(one.path)) };
  };
  const dispatch = (name: string) =>
    github.ann("POST", `${shop}/actions/workflows/${name}.yaml/dispatches`, { ref: "main" });
  const runs = () => github.context.state.runs;
  const idle = async () => {
    await sleep(20);
    while (runs().some(({ status }) => status !== "completed")) await sleep(5);
  };
  const until = async (holds: () => boolean) => {
    while (!holds()) await sleep(5);
  };

  beforeEach(async () => {
    github = startGitHub();
    folder = mkdtempSync(path.join(tmpdir(), "slipway-runs-"));
    writeFileSync(path.join(folder, "act"), act);
    chmodSync(path.join(folder, "act"), 0o755);
    await github.ann("POST", "/user/repos", { name: "shop", auto_init: true });
    faults.length = 0;
  });
  afterEach(async () => {
    await runner?.stop();
    await github.stop();
    rmSync(folder, { recursive: true, force: true });
    assert.deepEqual(faults, []);
  });
  const begin = () => {
    runner = new Runner(github.context, {
      act: path.join(folder, "act"),
      folder,
      log: (line) => faults.push(line),
    });
  };
  const steps = "runs-on: ubuntu-latest, steps: [{ run: a }]";

  it("start by what is pushed, unless the commit asks for none or a workflow's token pushed it", async () => {
    await put(".github/workflows/a.yaml", `on: { push: { paths: [go] } }\njobs: { a: { ${steps} } }`);
    await put(".github/workflows/b.yaml", `on: [push, pull_request]\njobs: { a: { ${steps} } }`);
    await put("stop", "1");
    assert.deepEqual((await started()).paths, ["b.yaml"]);
    await put("go", "1");
    assert.deepEqual((await started()).paths, ["a.yaml", "b.yaml"]);
    github.events.push({ ...(github.events.at(-1) as GitHub["events"][number]), byWorkflow: true });
    assert.deepEqual((await started()).paths, []);
    await put("go2", "1", { message: "Go\n\n[skip ci]" });
    assert.deepEqual((await started()).paths, []);
    await github.ann("PUT", `${shop}/actions/permissions`, { enabled: false });
    await put("go3", "1");
    assert.deepEqual((await started()).paths, []);
  });

  it("start by what a new branch has beyond the default one", async () => {
    await put(".github/workflows/a.yaml", `on: { push: { paths: [go] } }\njobs: { a: { ${steps} } }`);
    const sha = await github.context.git.commitOf(
      github.context.state.repository("ann", "shop") as never,
      "main",
    );
    await github.ann("POST", `${shop}/git/refs`, { ref: "refs/heads/topic", sha });
    await put("stop", "1", { branch: "topic" });
    assert.deepEqual((await started()).paths, []);
    await put("go", "1", { branch: "topic" });
    assert.deepEqual((await started()).paths, ["a.yaml"]);
  });

  it("have the workflow of the default branch for repository_dispatch and schedules", async () => {
    await put(
      ".github/workflows/a.yaml",
      `on: { repository_dispatch: { types: [go] } }\njobs: { a: { ${steps} } }`,
    );
    await github.ann("POST", `${shop}/dispatches`, { event_type: "go" });
    assert.deepEqual((await started()).paths, ["a.yaml"]);
    await github.ann("POST", `${shop}/dispatches`, { event_type: "other" });
    assert.deepEqual((await started()).paths, []);
  });

  it("run job after job, skip what is not to run, and fail with what failed", async () => {
    begin();
    const skipped = "if: github.ref == 'refs/heads/other'";
    await put(
      ".github/workflows/a.yaml",
      `on: workflow_dispatch
jobs:
  a: { ${steps} }
  b: { needs: a, ${skipped}, ${steps} }
  c: { needs: [a, b], ${steps} }
  d: { needs: c, if: always(), environment: dev, ${steps} }
  e: { if: "\${{ nothing.like.it }}", ${steps} }
  f: { needs: e, if: failure(), ${steps} }`,
    );
    await dispatch("a");
    await idle();
    const { state } = github.context;
    assert.deepEqual(
      state.jobs.map(({ key, conclusion }) => `${key} ${conclusion}`),
      ["a success", "b skipped", "c skipped", "d success", "e failure", "f success"],
    );
    assert.equal(runs()[0]?.conclusion, "failure");
    const [log] = state.jobs
      .filter(({ key }) => key === "e")
      .map((job) => readFileSync(job.log ?? "", "utf8"));
    assert.match(log ?? "", /could not be started: .*nothing/);
    const [deployment] = state.list<{ environment: string; statuses: { state: string }[] }>("deployments");
    assert.deepEqual(
      [deployment?.environment, deployment?.statuses.map((one) => one.state)],
      ["dev", ["in_progress", "success"]],
    );
    assert.deepEqual(
      state.data.tokens.filter(({ kind }) => kind === "installation"),
      [],
    );
  });

  it("are cancelled with their processes, and the next of their group goes on", async () => {
    begin();
    const job = "{ runs-on: ubuntu-latest, steps: [{ run: sleep }] }";
    await put(".github/workflows/a.yaml", `on: workflow_dispatch\nconcurrency: a\njobs: { a: ${job} }`);
    for (let i = 0; i < 3; i++) await dispatch("a");
    await until(() => runs()[0]?.status === "in_progress" && runs()[2]?.status === "pending");
    assert.equal(runs()[1]?.conclusion, "cancelled");
    await github.ann("POST", `${shop}/actions/runs/${runs()[0]?.id}/cancel`);
    await until(() => runs()[2]?.status === "in_progress");
    assert.equal(runs()[0]?.conclusion, "cancelled");
    await runner.stop();
    await idle();
    assert.equal(runs()[2]?.conclusion, "cancelled");
  });

  it("take jobs only from where the environment lets them come", async () => {
    begin();
    await put(
      ".github/workflows/a.yaml",
      `on: workflow_dispatch\njobs: { a: { environment: prod, ${steps} } }`,
    );
    const policy = { protected_branches: false, custom_branch_policies: true };
    await github.ann("PUT", `${shop}/environments/prod`, { deployment_branch_policy: policy });
    await dispatch("a");
    await idle();
    const [job] = github.context.state.jobs;
    assert.equal(job?.conclusion, "failure");
    assert.match(readFileSync(job?.log ?? "", "utf8"), /Branch "main" is not allowed to deploy to prod/);
  });

  it("that were under way when the lab ended are cancelled when it begins again", async () => {
    begin();
    await put(".github/workflows/a.yaml", `on: workflow_dispatch\njobs: { a: { ${steps} } }`);
    await dispatch("a");
    await idle();
    Object.assign(runs()[0] ?? {}, { status: "in_progress", conclusion: null });
    begin();
    assert.equal(runs()[0]?.conclusion, "cancelled");
  });
});
