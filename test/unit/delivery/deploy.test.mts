import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { deploy } from "../../../delivery/deploy.ts";
import { drift } from "../../../delivery/drift.ts";
import { planOf, type Preview } from "../../../delivery/engines/pulumi.ts";
import { nameOf } from "../../../delivery/plan.ts";
import { preview } from "../../../delivery/preview.ts";
import { digest, stackText, startConfigRepository, type ConfigRepository } from "./configRepository.mts";

const previewing = { contents: "read", pull_requests: "write", statuses: "write" } as const;
const dev = { environment: "dev", engine: "pulumi", stack: "dev" } as const;

/** A preview in which one Deployment gets so many replicas, and others are created. */
const scaled = (replicas: number, created: string[] = []): Preview => ({
  steps: [
    {
      op: "update",
      urn: "urn:pulumi:dev::slipway::kubernetes:apps/v1:Deployment::app",
      oldState: { inputs: { spec: { replicas: 1 } } },
      newState: { inputs: { spec: { replicas } } },
      detailedDiff: { "spec.replicas": { kind: "update" } },
    },
    ...created.map((name) => ({
      op: "create",
      urn: `urn:pulumi:dev::slipway::kubernetes:core/v1:ConfigMap::${name}`,
      newState: { inputs: { metadata: { name } } },
    })),
  ],
});
const name = (one: Preview) => nameOf(planOf(one, (text) => text, "/nowhere"));

describe("What an environment would become, and becomes", function () {
  // Each is a few dozen runs of git, which a busy machine takes its time for.
  this.timeout(60_000);
  let github: ConfigRepository;
  let stage: string;
  beforeEach(async () => {
    github = await startConfigRepository();
    stage = await mkdtemp(path.join(tmpdir(), "slipway-stage-"));
    // Stands for the CLI: tells the preview that the test wants, and notes each update.
    await writeFile(
      path.join(stage, "pulumi"),
      `#!/bin/sh
case $1 in
  preview) cat ${stage}/preview.json; exit "$(cat ${stage}/code)" ;;
  up) echo "$@" >> ${stage}/updates; cat ${stage}/up; exit "$(cat ${stage}/code)" ;;
esac
`,
      { mode: 0o755 },
    );
    await stands(scaled(2));
    await writeFile(path.join(stage, "up"), "::warning::a line of the app\nupdated with canary-passphrase\n");
    await github.commit({ "commands/verify.mts": 'console.log("v0.0.1 answers from 1 pod");\n' });
  });
  afterEach(async () => {
    await github.stop();
    await rm(stage, { recursive: true });
  });

  const stands = async (now: Preview, code = 0) => {
    await writeFile(path.join(stage, "preview.json"), JSON.stringify(now));
    await writeFile(path.join(stage, "code"), String(code));
  };
  const updates = async () =>
    (await readFile(path.join(stage, "updates"), "utf8").catch(() => "")).split("\n").filter(Boolean);
  const secrets = {
    SLIPWAY_SECRETS: "PULUMI_CONFIG_PASSPHRASE",
    PULUMI_CONFIG_PASSPHRASE: "canary-passphrase",
  };
  const job = (
    permissions: Parameters<ConfigRepository["job"]>[0],
    env: Record<string, string> = {},
    ref = "main",
  ) => github.job(permissions, { PATH: `${stage}:${process.env.PATH}`, ...secrets, ...env }, ref);

  const rest = () => github.owner.rest;
  const at = () => github.at;
  const statuses = async (ref: string) =>
    (await rest().repos.listCommitStatusesForRef({ ...at(), ref })).data.map(
      ({ context, state, description }) => ({ context, state, description }),
    );

  /** A pull request that a person opens, and the preview of it. */
  const proposed = async (text = stackText(`v0.0.2@${digest("b")}`)) => {
    const main = await rest().git.getRef({ ...at(), ref: "heads/main" });
    await rest().git.createRef({ ...at(), ref: "refs/heads/change", sha: main.data.object.sha });
    const { data: there } = await rest().repos.getContent({ ...at(), path: "Pulumi.dev.yaml" });
    await rest().repos.createOrUpdateFileContents({
      ...at(),
      path: "Pulumi.dev.yaml",
      message: "Change",
      branch: "change",
      content: Buffer.from(text).toString("base64"),
      sha: (there as { sha: string }).sha,
    });
    const { data } = await rest().pulls.create({ ...at(), title: "Change", head: "change", base: "main" });
    return data;
  };
  const previewed = async (pull: number) =>
    preview(await job(previewing, { PULL: String(pull) }, "change"), dev);
  const merged = async (pull: number) =>
    (await rest().pulls.merge({ ...at(), pull_number: pull, merge_method: "squash" })).data.sha;
  const deployed = async (env: Record<string, string> = {}) => {
    const one = await job({ contents: "read", pull_requests: "read", statuses: "write" }, env);
    await deploy(one, dev);
    return github.summary(one);
  };
  const comments = async (number: number) =>
    (await rest().issues.listComments({ ...at(), issue_number: number })).data;

  describe("previewed", () => {
    it("is told in one comment, edited in place, and in a status that names the plan", async () => {
      const pull = await proposed();
      await rest().issues.createComment({
        ...at(),
        issue_number: pull.number,
        body: "<!-- slipway preview dev -->",
      });
      await previewed(pull.number);
      await stands(scaled(3));
      await previewed(pull.number);
      const [person, ours, ...more] = await comments(pull.number);
      assert.deepEqual(more, []);
      assert.equal(person?.body, "<!-- slipway preview dev -->", "a person's own comment stays");
      assert.match(ours?.body ?? "", /### dev: image v0\.0\.1 → v0\.0\.2: 1 to update/);
      assert.match(ours?.body ?? "", /- spec\.replicas: 1\n\+ spec\.replicas: 3/);
      assert.deepEqual((await statuses(pull.head.sha))[0], {
        context: "slipway/dev/preview",
        state: "success",
        description: `image v0.0.1 → v0.0.2: 1 to update, plan ${name(scaled(3))}`,
      });
    });

    it("fails with the reason in the same comment, without secrets", async () => {
      const pull = await proposed();
      await previewed(pull.number);
      await stands(
        {
          steps: [],
          diagnostics: [{ severity: "error", message: "error: no way with canary-passphrase\n" }],
        },
        1,
      );
      await assert.rejects(previewed(pull.number), /no way with \*\*\*/);
      const [comment, ...more] = await comments(pull.number);
      assert.deepEqual(more, []);
      assert.match(comment?.body ?? "", /dev: the preview failed[^]*no way with \*\*\*/);
      const [status] = await statuses(pull.head.sha);
      assert.deepEqual([status?.state, status?.description], ["failure", "no way with ***"]);
    });

    it("warns of what the branch lacks", async () => {
      const pull = await proposed();
      await github.commit({ "README.md": "more" });
      await previewed(pull.number);
      assert.match((await comments(pull.number))[0]?.body ?? "", /lacks the last commit of `main`/);
    });

    it("fails on another commit than the pull request's", async () => {
      const pull = await proposed();
      const main = await job(previewing, { PULL: String(pull.number) });
      await assert.rejects(preview(main, dev), /run it on branch change/);
    });
  });

  describe("deployed", () => {
    it("is applied as reviewed, then verified, and the commit's status tells", async () => {
      const pull = await proposed();
      await previewed(pull.number);
      const sha = await merged(pull.number);
      assert.match(await deployed(), /v0\.0\.2 runs and answers\n\nPlan \w{16}, reviewed in #1/);
      assert.deepEqual(await updates(), ["up --yes --skip-preview --refresh --non-interactive --stack dev"]);
      const all = await statuses(sha);
      assert.deepEqual(
        all.filter(({ context }) => context === "slipway/dev").map(({ state }) => state),
        ["success", "pending"],
      );
      const log = github.lines.join("\n");
      assert.match(log, /updated with \*\*\*/);
      assert.match(log, /v0\.0\.1 answers from 1 pod/);
      assert.doesNotMatch(log, /^::/m, "no line of the app's is a workflow command");
    });

    it("fails, and applies nothing, where the plan changed since; says what, and the way on", async () => {
      const pull = await proposed();
      await previewed(pull.number);
      const sha = await merged(pull.number);
      const now = scaled(2, ["new"]);
      await stands(now);
      await assert.rejects(
        deployed(),
        new RegExp(`changed since it was reviewed in #1.*run deploy-dev.yaml by hand with plan ${name(now)}`),
      );
      assert.deepEqual(await updates(), []);
      assert.equal((await statuses(sha))[0]?.state, "failure");
      await assert.rejects(deployed({ PLAN: "0123456789abcdef" }), /is \w{16} now, and not 0123456789abcdef/);
      await deployed({ PLAN: name(now) });
      assert.equal((await updates()).length, 1);
    });

    it("is applied where a part of what was reviewed is done already", async () => {
      await stands(scaled(2, ["a", "b"]));
      const pull = await proposed();
      await previewed(pull.number);
      await merged(pull.number);
      await stands(scaled(2, ["b"]));
      assert.match(await deployed(), /A part of plan/);
      assert.equal((await updates()).length, 1);
    });

    it("is applied as it is where nothing was reviewed", async () => {
      assert.match(await deployed(), /No plan was reviewed: no pull request brought this commit/);
      const pull = await proposed();
      await merged(pull.number);
      assert.match(await deployed(), /No plan was reviewed: no preview of dev went well in #1/);
      assert.equal((await updates()).length, 2);
    });

    it("is mended where a commit that was deployed is deployed again", async () => {
      const pull = await proposed();
      await previewed(pull.number);
      await merged(pull.number);
      await deployed();
      await stands(scaled(7));
      assert.match(await deployed(), /This commit was deployed before/);
      assert.equal((await updates()).length, 2);
    });

    it("is not applied from a commit that the branch has left behind", async () => {
      const old = await job({ contents: "read", pull_requests: "read", statuses: "write" });
      await github.commit({ "Pulumi.dev.yaml": stackText(`v0.0.3@${digest("c")}`) });
      await deploy(old, dev);
      assert.deepEqual(await updates(), []);
      assert.match(await github.summary(old), /not applied: main has v0\.0\.3 by now/);
    });

    it("fails with the engine's last words in the status", async () => {
      await writeFile(
        path.join(stage, "up"),
        "Updating\nDiagnostics:\n  Deployment (app):\n    error: ImagePullBackOff, canary-passphrase\nResources:\n    1 unchanged\n",
      );
      await stands(scaled(2), 1);
      await assert.rejects(
        deployed(),
        /pulumi up failed:\n {2}Deployment \(app\):\n {4}error: ImagePullBackOff, \*\*\*/,
      );
      const [status] = await statuses("main");
      assert.equal(status?.state, "failure");
      assert.match(status.description ?? "", /ImagePullBackOff, \*\*\*/);
    });

    it("fails if it does not answer", async () => {
      await github.commit({ "commands/verify.mts": 'console.log("✗ GET /demo 503");\nprocess.exit(1);\n' });
      await assert.rejects(deployed(), /does not answer as it should:\n✗ GET \/demo 503/);
      assert.equal((await statuses("main"))[0]?.state, "failure");
    });
  });

  describe("drifted", () => {
    const looked = async () => drift(await job({ contents: "read", issues: "write" }), dev);
    const issues = async (state: "open" | "closed") =>
      (await rest().issues.listForRepo({ ...at(), state })).data;

    it("is told in one issue, kept current, and closed with a comment when all is well", async () => {
      await looked();
      await stands(scaled(5));
      await looked();
      const [issue, ...more] = await issues("open");
      assert.deepEqual(more, []);
      assert.equal(issue?.title, "Drift in dev");
      assert.match(issue.body ?? "", /\+ spec\.replicas: 5/);
      assert.doesNotMatch(issue.body ?? "", /replicas: 2/);
      await stands({ steps: [{ op: "same", urn: "urn:pulumi:dev::slipway::a:b:C::d" }] });
      await looked();
      await looked();
      assert.deepEqual(await issues("open"), []);
      const [comment, ...others] = await comments(issue.number);
      assert.deepEqual(others, []);
      assert.match(comment?.body ?? "", /is what the branch says again/);
      await stands(scaled(2));
      await looked();
      assert.equal((await issues("open"))[0]?.number, issue.number + 1, "a new drift is a new issue");
    });

    it("fails if it can't look, and leaves the issue as it is", async () => {
      await looked();
      await stands({ diagnostics: [{ severity: "error", message: "error: unreachable" }] }, 1);
      await assert.rejects(looked(), /unreachable/);
      assert.equal((await issues("open")).length, 1);
    });
  });
});
