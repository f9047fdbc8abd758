import assert from "node:assert/strict";
import { ActLog } from "../github/runner/actLog.ts";
import { filled } from "../github/runner/expressions.ts";
import { type Happening, starts } from "../github/runner/filters.ts";
import { Queue } from "../github/runner/queue.ts";
import { jobAlone, readWorkflow, tokenPermissions } from "../github/runner/workflowFile.ts";

describe("what starts a workflow", () => {
  const push = (more: Partial<Happening> = {}): Happening => ({
    name: "push",
    branch: "main",
    files: ["a/b.ts"],
    ...more,
  });
  const pull = (action: string): Happening => ({
    name: "pull_request",
    action,
    branch: "main",
    files: ["a/b.ts"],
  });
  const release = (action: string): Happening => ({ name: "release", action });
  const cases: [what: string, on: unknown, happening: Happening, starts: boolean][] = [
    ["an event alone", "push", push(), true],
    ["another event", "push", pull("opened"), false],
    ["one of a list", ["push", "release"], release("published"), true],
    ["an event without filters", { push: null }, push(), true],
    ["the branch", { push: { branches: ["main"] } }, push(), true],
    ["another branch", { push: { branches: ["main"] } }, push({ branch: "topic" }), false],
    [
      "a tag where branches are named",
      { push: { branches: ["main"] } },
      push({ branch: undefined, tag: "v1" }),
      false,
    ],
    ["a tag", { push: { tags: ["v*"] } }, push({ branch: undefined, tag: "v1" }), true],
    ["one star, one folder", { push: { branches: ["releases/*"] } }, push({ branch: "releases/a/b" }), false],
    ["two stars, any depth", { push: { branches: ["releases/**"] } }, push({ branch: "releases/a/b" }), true],
    ["an ignored branch", { push: { "branches-ignore": ["main"] } }, push(), false],
    ["a path", { push: { paths: ["a/**"] } }, push(), true],
    ["another path", { push: { paths: ["c/**"] } }, push(), false],
    ["a path taken away again", { push: { paths: ["**", "!a/**"] } }, push(), false],
    ["a path let in after that", { push: { paths: ["**", "!a/**", "a/b.ts"] } }, push(), true],
    ["files that are all ignored", { push: { "paths-ignore": ["a/**"] } }, push(), false],
    [
      "files that are not all ignored",
      { push: { "paths-ignore": ["a/**"] } },
      push({ files: ["a/b", "c"] }),
      true,
    ],
    [
      "a new branch, with nothing to compare",
      { push: { paths: ["c/**"] } },
      push({ files: undefined }),
      true,
    ],
    ["branch and path, one of them not", { push: { branches: ["main"], paths: ["c"] } }, push(), false],
    ["a pull request that is opened", "pull_request", pull("opened"), true],
    ["a pull request that gets commits", { pull_request: { branches: ["main"] } }, pull("synchronize"), true],
    ["a pull request that is closed", "pull_request", pull("closed"), false],
    [
      "a pull request that is closed, where asked",
      { pull_request: { types: ["closed"] } },
      pull("closed"),
      true,
    ],
    ["a published release", { release: { types: ["published"] } }, release("published"), true],
    ["a release that was only made", { release: { types: ["published"] } }, release("created"), false],
    ["a dotfile", { push: { paths: ["**/*.yaml"] } }, push({ files: [".github/workflows/a.yaml"] }), true],
  ];
  for (const [what, on, happening, expected] of cases)
    it(`${expected ? "is" : "is not"} ${what}`, () => assert.equal(starts(on, happening), expected));
});

describe("expressions outside of steps", () => {
  const contexts = {
    github: { event: { release: { tag_name: "v1" } }, ref: "refs/heads/main" },
    inputs: { to: "" },
  };
  const cases = [
    ["release-${{ github.event.release.tag_name }}", "release-v1"],
    ["${{ inputs.to || 'the release before' }}", "the release before"],
    ["${{ github.event.pull_request.number || inputs.to }}", ""],
    ["${{ github.ref == 'refs/heads/main' }}", "true"],
    ["${{ inputs.to && format('to {0}', inputs.to) }}", ""],
    ["plain", "plain"],
  ] as const;
  for (const [text, value] of cases)
    it(`${text} is ${JSON.stringify(value)}`, () => assert.equal(filled(text, contexts), value));
});

describe("concurrency groups", () => {
  const ticket = (name: string, log: string[]) => ({
    start: () => void log.push(`${name} starts`),
    cancel: () => void log.push(`${name} is cancelled`),
  });

  it("let one run and one wait, and the newest waits", () => {
    const [queue, log] = [new Queue(), [] as string[]];
    const [a, b, c] = ["a", "b", "c"].map((name) => ticket(name, log)) as [
      ReturnType<typeof ticket>,
      ReturnType<typeof ticket>,
      ReturnType<typeof ticket>,
    ];
    assert.equal(queue.enter("g", a, false), false);
    assert.equal(queue.enter("g", b, false), true);
    assert.equal(queue.enter("g", c, false), true);
    queue.leave("g", b);
    queue.leave("g", a);
    assert.deepEqual(log, ["a starts", "b is cancelled", "c starts"]);
    queue.leave("g", c);
    assert.equal(queue.enter("g", b, false), false);
  });

  it("end the one that runs only where asked", () => {
    const [queue, log] = [new Queue(), [] as string[]];
    const [a, b] = [ticket("a", log), ticket("b", log)];
    queue.enter("g", a, true);
    queue.enter("g", b, true);
    queue.leave("g", a);
    assert.deepEqual(log, ["a starts", "a is cancelled", "b starts"]);
  });

  it("know nothing of each other", () => {
    const [queue, log] = [new Queue(), [] as string[]];
    queue.enter("g", ticket("a", log), false);
    queue.enter("h", ticket("b", log), false);
    queue.enter(undefined, ticket("c", log), false);
    assert.deepEqual(log, ["a starts", "b starts", "c starts"]);
  });
});

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

  it("fails where it has no jobs", () => {
    assert.throws(() => readWorkflow("a.yaml", "name: a"), /a.yaml has no jobs/);
  });
});

describe("a job's log", () => {
  const line = (fields: object) => JSON.stringify({ time: "2026-11-23T06:00:00Z", ...fields });

  it("has the steps with their times and outcomes", () => {
    const log = new ActLog("one", []);
    log.take(line({ stage: "Main", step: "Build", msg: "⭐ Run Main Build" }));
    assert.equal(log.steps[0]?.status, "in_progress");
    log.take(line({ stage: "Main", step: "Build", stepResult: "success", executionTime: 1_500_000_000 }));
    log.take(line({ jobResult: "success", msg: "done" }));
    const [step] = log.steps;
    assert.equal(step?.conclusion, "success");
    assert.equal(Date.parse(step?.completedAt ?? "") - Date.parse(step?.startedAt ?? ""), 1500);
    assert.equal(log.result, "success");
  });

  it("never has a secret, nor a line of one", () => {
    const log = new ActLog("one", ["canary-one\ncanary-two"]);
    log.take(line({ raw_output: true, msg: "it is canary-two, not canary-one\n" }));
    log.take("no JSON: canary-one");
    assert.equal(log.text, "it is ***, not ***\nno JSON: ***\n");
  });

  it("knows a job that failed from one that was never said to end", () => {
    const log = new ActLog("one", []);
    assert.equal(log.result, undefined);
    log.take(line({ jobResult: "failure" }));
    assert.equal(log.result, "failure");
  });
});
