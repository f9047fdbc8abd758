import assert from "node:assert/strict";
import { typedInputs } from "../github/runner/contexts.ts";
import { filled, holds } from "../github/runner/expressions.ts";
import { type Happening, starts } from "../github/runner/filters.ts";
import { passes } from "../github/runner/globs.ts";
import { concurrencyOf, Queue } from "../github/runner/queue.ts";
import { asksToSkip } from "../github/runner/triggers.ts";

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
    ["a filter of one word", { push: { branches: "main" } }, push(), true],
    ["any schedule", { schedule: [{ cron: "17 6 * * *" }] }, { name: "schedule" }, true],
    [
      "its own schedule",
      { schedule: [{ cron: "17 6 * * *" }] },
      { name: "schedule", cron: "17 6 * * *" },
      true,
    ],
    [
      "another schedule",
      { schedule: [{ cron: "17 6 * * *" }] },
      { name: "schedule", cron: "0 * * * *" },
      false,
    ],
    ["a dotfile", { push: { paths: ["**/*.yaml"] } }, push({ files: [".github/workflows/a.yaml"] }), true],
  ];
  for (const [what, on, happening, expected] of cases)
    it(`${expected ? "is" : "is not"} ${what}`, () => assert.equal(starts(on, happening), expected));
});

describe("patterns of filters", () => {
  const cases: [pattern: string, passes: string[], fails: string[]][] = [
    ["*", ["main"], ["a/b"]],
    ["**", ["main", "a/b"], []],
    ["feature/*", ["feature/a"], ["feature/a/b", "feature"]],
    ["releases/**-alpha", ["releases/10-alpha", "releases/beta/3-alpha"], ["releases/10"]],
    ["v[12].[0-9]+.[0-9]+", ["v1.10.1", "v2.0.0"], ["v3.0.0", "v1.10", "v1x10x1"]],
    ["*.jsx?", ["page.js", "page.jsx"], ["page.jsxx", "a/page.js"]],
    ["**.js", ["index.js", "src/js/app.js"], ["index.jsx"]],
    ["docs/**/*.md", ["docs/README.md", "docs/a/b.md"], ["README.md"]],
    ["**/README.md", ["README.md", "js/README.md"], ["js/README.mdx"]],
    [".github/workflows/**", [".github/workflows/a.yaml"], ["a/.github/workflows/a.yaml"]],
    ["{a,b}", ["{a,b}"], ["a"]],
    ["a\\*", ["a*"], ["ab"]],
  ];
  for (const [pattern, good, bad] of cases)
    it(pattern, () => {
      for (const text of good) assert.equal(passes([pattern], text), true, text);
      for (const text of bad) assert.equal(passes([pattern], text), false, text);
    });
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

  it("have names that are filled in, in one case, for one repository", () => {
    const run = { repository: 7 };
    const contexts = { github: { ref_name: "Main" }, inputs: {} };
    const said = { group: "Deploy-${{ github.ref_name }}", "cancel-in-progress": "${{ !inputs.no }}" };
    assert.deepEqual(concurrencyOf(run, said, contexts), { group: "7:deploy-main", cancel: true });
    assert.deepEqual(concurrencyOf(run, "deploy", contexts), { group: "7:deploy", cancel: false });
    assert.deepEqual(concurrencyOf(run, undefined, contexts), { cancel: false });
  });

  it("know nothing of each other", () => {
    const [queue, log] = [new Queue(), [] as string[]];
    queue.enter("g", ticket("a", log), false);
    queue.enter("h", ticket("b", log), false);
    queue.enter(undefined, ticket("c", log), false);
    assert.deepEqual(log, ["a starts", "b starts", "c starts"]);
  });
});

describe("conditions of jobs", () => {
  const after = (result: "success" | "failure") => ({
    always: () => true,
    cancelled: () => false,
    success: () => result === "success",
    failure: () => result === "failure",
  });
  const contexts = { github: { ref: "refs/heads/main" }, inputs: { flag: false }, needs: {} };
  const cases: [condition: unknown, success: boolean, failure: boolean][] = [
    [undefined, true, false],
    ["github.ref == 'refs/heads/main'", true, false],
    ["${{ github.ref == 'refs/heads/main' }}", true, false],
    ["github.ref == 'refs/heads/other'", false, false],
    ["inputs.flag", false, false],
    ["${{ !inputs.flag }}", true, false],
    ["always()", true, true],
    ["failure()", false, true],
    ["Success() || failure()", true, true],
    ["always() && inputs.flag", false, false],
    [false, false, false],
  ];
  for (const [condition, success, failure] of cases)
    it(`${String(condition)}: ${success} after success, ${failure} after failure`, () => {
      assert.equal(holds(condition, contexts, after("success")), success);
      assert.equal(holds(condition, contexts, after("failure")), failure);
    });

  it("fails where it speaks of what is not there", () => {
    assert.throws(() => holds("steps.a.outcome == 'success'", contexts, after("success")), /steps/);
  });
});

describe("inputs of a dispatch", () => {
  it("have the types that the workflow says", () => {
    const on = {
      workflow_dispatch: { inputs: { dry: { type: "boolean" }, times: { type: "number" }, to: null } },
    };
    assert.deepEqual(typedInputs(on, { dry: "false", times: "3", to: "true" }), {
      dry: false,
      times: 3,
      to: "true",
    });
    assert.deepEqual(typedInputs("workflow_dispatch", {}), {});
  });
});

describe("commits that ask for no workflows", () => {
  for (const message of ["a\n\n[skip ci]", "[No CI] a", "a\n\nskip-checks: true"])
    it(JSON.stringify(message), () => assert.equal(asksToSkip(message), true));
  for (const message of ["skip ci", "a skip-checks: true", ""])
    it(`not ${JSON.stringify(message)}`, () => assert.equal(asksToSkip(message), false));
});
