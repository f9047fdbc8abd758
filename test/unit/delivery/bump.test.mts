import assert from "node:assert/strict";
import { execa } from "execa";
import { afterEach, beforeEach, describe, it } from "mocha";
import { bump } from "../../../delivery/bump.ts";
import {
  bumpPermissions,
  digest,
  stackText,
  startConfigRepository,
  type ConfigRepository,
} from "./configRepository.mts";
import { deliveries, release, target } from "./deliveries.mts";

describe("A release that the app tells of", function () {
  // Each is a few dozen runs of git, which a busy machine takes its time for.
  this.timeout(60_000);
  let github: ConfigRepository;
  beforeEach(async () => {
    github = await startConfigRepository();
  });
  afterEach(() => github.stop());

  const { bumped, rolledBack, current } = deliveries(() => github);

  it("becomes one line of one commit, straight on the branch, and its deploy is started", async () => {
    await bumped("v0.0.2", "b", "branch");
    assert.equal(
      await github.text("Pulumi.dev.yaml"),
      stackText(`v0.0.2@${digest("b")}`),
      "all else is as it was, comments as well",
    );
    const [commit] = await github.commits();
    assert.match(commit?.commit.message ?? "", /^Release v0\.0\.2 to dev\n/);
    assert.deepEqual(
      github.dispatched().map(({ ref }) => ref),
      ["refs/heads/main"],
    );
  });

  it("becomes a pull request, whose preview is started", async () => {
    await bumped("v0.0.2", "b");
    const [pull, ...more] = await github.pulls("open");
    assert.deepEqual(more, []);
    assert.equal(pull?.title, "Release v0.0.2 to dev");
    assert.equal(pull.head.ref, "slipway/dev");
    assert.equal(await current(), "v0.0.1", "main waits for the merge");
    assert.deepEqual(
      github.dispatched().map(({ ref, payload }) => [ref, payload.inputs]),
      [["refs/heads/slipway/dev", { pull: String(pull.number) }]],
    );
  });

  it("links to what is new in the app", async () => {
    const job = await github.job(bumpPermissions, release("v0.0.2", "b"));
    await bump(job, target("pullRequest"), false, "juggernaut/k8s-demo-go-app");
    const [pull] = await github.pulls("open");
    assert.match(pull?.body ?? "", /\/juggernaut\/k8s-demo-go-app\/compare\/v0\.0\.1\.\.\.v0\.0\.2\)/);
    const commit = "c".repeat(40);
    await github.commit({ "Pulumi.dev.yaml": stackText(`sha-${"b".repeat(40)}@${digest("b")}`) });
    const next = await github.job(bumpPermissions, release(`sha-${commit}`, "c"));
    await bump(next, target("branch"), false, "juggernaut/k8s-demo-go-app");
    const [made] = await github.commits();
    assert.match(made?.commit.message ?? "", new RegExp(`compare/${"b".repeat(40)}...${commit}`));
  });

  it("is one change, however often it is told", async () => {
    await bumped("v0.0.2", "b");
    await bumped("v0.0.2", "b");
    assert.equal((await github.pulls("all")).length, 1);
    assert.equal((await github.commits("slipway/dev")).length, 2);
    assert.equal(github.dispatched().length, 1);
    await bumped("v0.0.2", "b", "branch");
    const head = (await github.commits())[0]?.sha;
    assert.match(await bumped("v0.0.2", "b", "branch"), /dev has v0\.0\.2 already; nothing to do/);
    assert.equal((await github.commits())[0]?.sha, head);
  });

  it("updates the pull request of the release before it", async () => {
    await bumped("v0.0.2", "b");
    await bumped("v0.0.3", "c");
    const pulls = await github.pulls("all");
    assert.deepEqual(
      pulls.map(({ number, title }) => [number, title]),
      [[1, "Release v0.0.3 to dev"]],
    );
    assert.match(await github.text("Pulumi.dev.yaml", "slipway/dev"), /v0\.0\.3@sha256:ccc/);
  });

  it("is proposed again on top of what came to main since", async () => {
    await bumped("v0.0.2", "b");
    const head = await github.commit({ "README.md": "more" });
    await bumped("v0.0.2", "b");
    const [proposed] = await github.commits("slipway/dev");
    assert.deepEqual(proposed?.parents.map(({ sha }) => sha).at(-1), head);
    assert.equal(await github.text("README.md", "slipway/dev"), "more");
    assert.equal((await github.pulls("all")).length, 1);
  });

  it("never goes back to an older one by itself, and says why", async () => {
    await bumped("v0.0.10", "c", "branch");
    assert.match(await bumped("v0.0.9", "b", "branch"), /v0\.0\.9 is older than v0\.0\.10, which dev has/);
    assert.equal(await current(), `v0.0.10@${digest("c")}`);
    await bumped("v0.0.12", "e");
    assert.match(await bumped("v0.0.11", "d"), /pull request #1 proposes v0\.0\.12 already/);
  });

  it("fails if its tag meant something else before", async () => {
    await bumped("v0.0.2", "b", "branch");
    await assert.rejects(bumped("v0.0.2", "c", "branch"), /v0\.0\.2 was sha256:b+ and is now sha256:c+/);
    await assert.rejects(bumped("v0.0.2", "c"), /publish a new release/);
    assert.equal(await current(), `v0.0.2@${digest("b")}`);
  });

  it("fails if what was told is no release", async () => {
    await assert.rejects(bumped("v0.0.2; rm", "b"), /the tag is "v0\.0\.2; rm"/);
    const job = await github.job(bumpPermissions, { TAG: "v0.0.2", DIGEST: "b" });
    await assert.rejects(bump(job, target("branch"), false), /the digest is "b"/);
  });

  it("is left alone where it is a prerelease and the environment takes none", async () => {
    assert.match(await bumped("v0.0.2", "b", "branch", true), /is a prerelease, which dev does not take/);
    assert.match(await bumped("v0.0.2-rc.1", "b", "branch"), /is a prerelease/);
    const job = await github.job(bumpPermissions, release("v0.0.2-rc.1", "b", true));
    await bump(job, target("branch"), true);
    assert.equal(await current(), `v0.0.2-rc.1@${digest("b")}`);
    await bumped("v0.0.2", "c", "branch");
    assert.equal(await current(), `v0.0.2@${digest("c")}`);
  });

  it("does not undo a rollback, which only a newer one does", async () => {
    await bumped("v0.0.2", "b", "branch");
    await bumped("v0.0.3", "c", "branch");
    await rolledBack();
    assert.equal(await current(), `v0.0.2@${digest("b")}`);
    assert.match(
      await bumped("v0.0.3", "c", "branch"),
      /had v0\.0\.3 and was rolled back to v0\.0\.2, which holds/,
    );
    assert.match(await bumped("v0.0.3", "c"), /which holds/);
    assert.equal(await current(), `v0.0.2@${digest("b")}`);
    await bumped("v0.0.4", "d", "branch");
    assert.equal(await current(), `v0.0.4@${digest("d")}`);
  });

  it("is not proposed again once declined; a newer one is", async () => {
    await bumped("v0.0.2", "b");
    await github.owner.rest.pulls.update({ ...github.at, pull_number: 1, state: "closed" });
    assert.match(await bumped("v0.0.2", "b"), /v0\.0\.2 was declined: pull request #1/);
    assert.equal((await github.pulls("open")).length, 0);
    await bumped("v0.0.3", "c");
    assert.deepEqual(
      (await github.pulls("open")).map(({ number, title }) => [number, title]),
      [[2, "Release v0.0.3 to dev"]],
    );
  });

  it("is decided again where the branch moved meanwhile, and never forced over it", async () => {
    const late = await github.job(bumpPermissions, release("v0.0.2", "b"));
    // Between its read and its write, somebody pushes; and then another release comes.
    let raced = 0;
    github.beforeRefUpdate(async () => {
      if (raced++ === 0) await github.commit({ "README.md": "pushed in between" });
    });
    await bump(late, target("branch"), false);
    assert.equal(await current(), `v0.0.2@${digest("b")}`);
    assert.equal(await github.text("README.md"), "pushed in between");
    assert.equal(raced, 2, "refused once, then taken");

    raced = 0;
    github.beforeRefUpdate(async () => {
      if (raced++ === 0) await github.commit({ "Pulumi.dev.yaml": stackText(`v0.0.9@${digest("f")}`) });
    });
    const job = await github.job(bumpPermissions, release("v0.0.3", "c"));
    await bump(job, target("branch"), false);
    assert.match(await github.summary(job), /v0\.0\.3 is older than v0\.0\.9/);
    assert.equal(await current(), `v0.0.9@${digest("f")}`);
  });

  it("is proposed once where two come at the same moment, and the newer one stays", async () => {
    const both = async (tags: [string, string][]) => {
      const jobs = await Promise.all(
        tags.map(([tag, letter]) => github.job(bumpPermissions, release(tag, letter))),
      );
      await Promise.all(jobs.map((job) => bump(job, target("pullRequest"), false)));
      const pulls = await github.pulls("open");
      const [pull] = pulls;
      assert.equal(pulls.length, 1);
      return [pull?.title, /imageTag: (\S+)@/.exec(await github.text("Pulumi.dev.yaml", "slipway/dev"))?.[1]];
    };
    for (const [older, newer] of [
      ["v0.0.2", "v0.0.3"],
      ["v0.0.5", "v0.0.6"],
    ] as const) {
      const told = await both([
        [newer, "c"],
        [older, "b"],
      ]);
      assert.deepEqual(told, [`Release ${newer} to dev`, newer]);
    }
    // The same with a branch that an earlier pull request left.
    await github.owner.rest.pulls.update({ ...github.at, pull_number: 1, state: "closed" });
    assert.deepEqual(
      await both([
        ["v0.0.9", "e"],
        ["v0.0.8", "d"],
      ]),
      ["Release v0.0.9 to dev", "v0.0.9"],
    );
  });

  it("is read from the branch as it is, not from a checkout of before", async () => {
    const job = await github.job(bumpPermissions, release("v0.0.2", "b"));
    await github.commit({ "Pulumi.dev.yaml": stackText(`v0.0.3@${digest("c")}`) });
    await bump(job, target("branch"), false);
    assert.match(await github.summary(job), /v0\.0\.2 is older than v0\.0\.3/);
  });

  it("fails on a checkout without history, which is the memory of what was there", async () => {
    const job = await github.job(bumpPermissions, release("v0.0.2", "b"));
    await execa({ cwd: job.folder })`git fetch --quiet --depth 1 ${`file://${job.folder}`} main`;
    await assert.rejects(bump(job, target("branch"), false), /fetch-depth: 0/);
  });

  it("fails with what to do where GitHub Actions may open no pull requests", async () => {
    await github.owner.rest.actions.setGithubActionsDefaultWorkflowPermissionsRepository({
      ...github.at,
      can_approve_pull_request_reviews: false,
    });
    await assert.rejects(bumped("v0.0.2", "b"), /Allow GitHub Actions to create and approve pull requests/);
  });
});
