import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { ActLog } from "../github/runner/actLog.ts";
import { askedCheckout } from "../github/runner/checkout.ts";
import { endProcesses, processesOf, trackingVariable } from "../github/runner/leftovers.ts";
import { jobAlone, readWorkflow, tokenPermissions } from "../github/runner/workflowFile.ts";

describe("a workflow file", () => {
  const text = `
name: Deploy
on: push
permissions: {}
concurrency: deploy
jobs:
  one:
    environment: { name: dev, deployment: false }
    permissions: { contents: read, pull-requests: write, issues: none }
    runs-on: ubuntu-latest
    steps: [{ run: a }]
  two: { needs: one, runs-on: ubuntu-latest, steps: [{ run: b }] }
`;
  const workflow = readWorkflow(".github/workflows/deploy.yaml", text);

  it("gives a job's token what the job says, else what the workflow says", () => {
    assert.deepEqual(tokenPermissions(workflow.jobs.one ?? {}, workflow), {
      contents: "read",
      pull_requests: "write",
    });
    assert.deepEqual(tokenPermissions(workflow.jobs.two ?? {}, workflow), {});
    const silent = { ...workflow, permissions: undefined };
    assert.deepEqual(tokenPermissions({}, silent), { contents: "read", packages: "read" });
    assert.equal(tokenPermissions({}, silent, "write").contents, "write");
  });

  it("is given to act one job at a time, without what act does not know", () => {
    assert.deepEqual(jobAlone(workflow, "one"), {
      name: "Deploy",
      on: "push",
      jobs: { one: { "runs-on": "ubuntu-latest", steps: [{ run: "a" }] } },
    });
    assert.deepEqual(Object.keys(jobAlone(workflow, "two").jobs as object), ["two"]);
  });

  it("brings what a job needs of others, as jobs that end like them", () => {
    const other = readWorkflow(
      "a.yaml",
      `on: push
jobs:
  one: { runs-on: ubuntu-latest, steps: [{ run: a }] }
  two: { needs: one, if: failure(), runs-on: ubuntu-latest, steps: [{ run: "\${{ needs.one.outputs.a }}" }] }`,
    );
    const { jobs } = jobAlone(other, "two", {
      one: { result: "failure", outputs: { a: "it's ${{ b }}" } },
    }) as {
      jobs: Record<string, object>;
    };
    assert.deepEqual(jobs, {
      one: {
        "runs-on": "ubuntu-latest",
        outputs: { a: "${{ 'it''s ${{ b }}' }}" },
        steps: [{ run: "exit 1" }],
      },
      two: {
        needs: ["one"],
        if: "always()",
        "runs-on": "ubuntu-latest",
        steps: [{ run: "${{ needs.one.outputs.a }}" }],
      },
    });
  });

  it("fails where it has no jobs", () => {
    assert.throws(() => readWorkflow("a.yaml", "name: a"), /a.yaml has no jobs/);
  });
});

describe("a job's log", () => {
  const line = (fields: object) => JSON.stringify({ time: "2026-11-23T06:00:00Z", jobID: "one", ...fields });
  const files = [{ uses: "actions/checkout@abc" }, { id: "build", name: "Build" }, { run: "echo\nnever" }];
  const begins = (stepID: string[], stage = "Main") => line({ stage, stepID, msg: `⭐ Run ${stage}` });
  const ends = (stepID: string[], stage = "Main") =>
    line({ stage, stepID, stepResult: "success", executionTime: 1_500_000_000, msg: "  ✅  Success" });

  it("has the steps as GitHub names them, with their times and outcomes", () => {
    const log = new ActLog("one", [], files);
    log.take(begins(["0"]));
    log.take(ends(["0"]));
    log.take(begins(["build"]));
    log.take(begins(["build", "inner"]));
    assert.equal(log.steps[1]?.status, "in_progress");
    log.take(ends(["build"]));
    log.take(
      line({ stage: "Main", stepID: ["build"], command: "set-output", name: "digest", arg: "sha256:1" }),
    );
    log.take(begins(["0"], "Post"));
    log.take(ends(["0"], "Post"));
    log.end();
    assert.deepEqual(
      log.steps.map(({ number, name, status, conclusion }) => [number, name, status, conclusion]),
      [
        [1, "Run actions/checkout@abc", "completed", "success"],
        [2, "Build", "completed", "success"],
        [3, "Run echo", "completed", "skipped"],
        [4, "Post Run actions/checkout@abc", "completed", "success"],
      ],
    );
    const [, build] = log.steps;
    assert.equal(Date.parse(build?.completedAt ?? "") - Date.parse(build?.startedAt ?? ""), 1500);
    assert.deepEqual(log.outputs, { build: { digest: "sha256:1" } });
  });

  it("never has a secret, nor a line of one, and neither has the summary", () => {
    const log = new ActLog("one", ["canary-one\ncanary-two"], []);
    log.take(line({ raw_output: true, msg: "it is canary-two, not canary-one\n" }));
    log.take("no JSON: canary-one");
    log.take(line({ command: "summary", content: "# canary-one\n", msg: "Summary" }));
    assert.equal(log.text, "it is ***, not ***\nno JSON: ***\n");
    assert.equal(log.summary, "# ***\n");
  });

  it("knows a job that failed from one that was never said to end, and from another job", () => {
    const log = new ActLog("one", [], []);
    log.take(line({ jobID: "two", jobResult: "failure", msg: "two" }));
    assert.equal(log.result, undefined);
    assert.equal(log.text, "");
    log.take(line({ jobResult: "failure" }));
    log.take(line({ jobResult: "success" }));
    assert.equal(log.result, "failure", "with a matrix, one that fails is enough");
  });
});

describe("what a job checks out", () => {
  const step = (inputs: Record<string, unknown>) => ({ uses: "actions/checkout@abc", with: inputs });

  it("is one commit, and keeps the token, unless the step says otherwise", () => {
    assert.deepEqual(askedCheckout([{ uses: "actions/checkout@abc" }]), { depth: 1, keepsToken: true });
    assert.deepEqual(askedCheckout([step({ "persist-credentials": false, "fetch-depth": 0 })]), {
      depth: 0,
      keepsToken: false,
    });
  });

  it("is nothing without a step", () => {
    assert.equal(askedCheckout([{ uses: "actions/cache@abc" }, { run: "git clone" }]), undefined);
  });
});

describe("processes that a job leaves", () => {
  it("are found by its id, in process groups of their own as well, and ended", async () => {
    const id = `slipway-test:${process.pid}:`;
    const child = spawn("sh", ["-c", "trap '' TERM; setsid sleep 300 & wait; sleep 300"], {
      env: { ...process.env, [trackingVariable]: `${id}1:` },
      stdio: "ignore",
    });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    while (processesOf(id).length < 2) await sleep(10);
    await endProcesses(id, 100);
    await ended;
    assert.deepEqual(processesOf(id), []);
  });
});
