import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ActLog } from "../github/runner/actLog.ts";
import { askedCheckout, checkOut } from "../github/runner/checkout.ts";
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

  describe("of a repository", () => {
    let folder: string;
    let commit: string;
    const environment = { PATH: process.env.PATH ?? "", HOME: tmpdir() };
    const git = (...args: string[]) =>
      execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b.invalid", ...args], {
        cwd: path.join(folder, "origin"),
        encoding: "utf8",
      }).trim();

    before(() => {
      folder = mkdtempSync(path.join(tmpdir(), "slipway-checkout-"));
      mkdirSync(path.join(folder, "origin"));
      git("init", "--quiet", "--initial-branch", "main");
      git("config", "uploadpack.allowAnySHA1InWant", "true");
      for (const message of ["one", "two"]) git("commit", "--quiet", "--allow-empty", "--message", message);
      git("tag", "v1");
      git("update-ref", "refs/pull/1/merge", "HEAD");
      commit = git("rev-parse", "HEAD");
    });
    after(() => rmSync(folder, { recursive: true, force: true }));

    const cases = [
      ["refs/heads/main", 1, "1", "refs/heads/main refs/remotes/origin/main"],
      ["refs/tags/v1", 1, "1", "refs/tags/v1"],
      ["refs/pull/1/merge", 1, "1", "refs/remotes/pull/1/merge"],
      ["refs/tags/v1", 0, "2", "refs/remotes/origin/main refs/tags/v1"],
    ] as const;
    for (const [ref, depth, commits, refs] of cases)
      it(`has ${commits} of the commits, and a ref, at ${ref} with a depth of ${depth}`, async () => {
        const target = path.join(folder, `${depth}-${path.basename(ref)}`);
        const url = `file://${folder}/origin`;
        const token = "canary-not-a-secret";
        await checkOut(target, { url, token, commit, ref }, { depth, keepsToken: false }, environment);
        assert.equal(git("-C", target, "rev-parse", "HEAD"), commit);
        assert.equal(git("-C", target, "rev-list", "--count", "HEAD"), commits);
        // act copies no empty folder: without a ref it would not be a repository any more.
        assert.equal(git("-C", target, "for-each-ref", "--format=%(refname)").replaceAll("\n", " "), refs);
        const login = Buffer.from(`x-access-token:${token}`).toString("base64");
        assert.equal(readFileSync(path.join(target, ".git", "config"), "utf8").includes(login), false);
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
