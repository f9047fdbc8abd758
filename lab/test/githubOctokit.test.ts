import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Octokit } from "@octokit/rest";
import getPort from "get-port";
import sodium from "libsodium-wrappers";
import { addUser } from "../github/control.ts";
import { createJob, createRun, updateJob } from "../github/runs.ts";
import { secretsFor } from "../github/secrets.ts";
import { createServer } from "../github/server.ts";
import { addToken } from "../github/tokens.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

describe("the lab's GitHub, by GitHub's own client", () => {
  let folder: string;
  let server: ReturnType<typeof createServer>;
  let octokit: Octokit;
  const shop = { owner: "ann", repo: "shop" };

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "slipway-octokit-"));
    const port = await getPort({ host: "127.0.0.1" });
    server = createServer({ folder, url: `http://127.0.0.1:${port}` });
    await server.app.listen({ host: "127.0.0.1", port });
    addUser(server.context, { login: "ann" });
    const token = "canary-octokit-not-a-secret";
    addToken(server.context.state, { token, user: "ann", kind: "classic", scopes: ["repo", "workflow"] });
    octokit = new Octokit({ auth: token, baseUrl: server.context.api, log: silent });
    await octokit.rest.repos.createForAuthenticatedUser({ name: "shop", private: true, auto_init: true });
  });
  after(async () => {
    await server.app.close();
    rmSync(folder, { recursive: true });
  });

  it("takes a secret that was sealed as GitHub's documentation shows", async () => {
    await sodium.ready;
    const { data } = await octokit.rest.actions.getRepoPublicKey(shop);
    const { ORIGINAL } = sodium.base64_variants;
    const box = sodium.crypto_box_seal("a canary", sodium.from_base64(data.key, ORIGINAL));
    await octokit.rest.actions.createOrUpdateRepoSecret({
      ...shop,
      secret_name: "TOKEN",
      key_id: data.key_id,
      encrypted_value: sodium.to_base64(box, ORIGINAL),
    });
    const { data: listed } = await octokit.rest.actions.listRepoSecrets(shop);
    assert.deepEqual(
      listed.secrets.map(({ name }) => name),
      ["TOKEN"],
    );
    const repository = server.context.state.repository("ann", "shop");
    assert.ok(repository);
    assert.equal(secretsFor(server.context.state, repository).TOKEN, "a canary");
  });

  it("takes a change from commit to merge by the git data API", async () => {
    const { data: main } = await octokit.rest.git.getRef({ ...shop, ref: "heads/main" });
    const { data: tree } = await octokit.rest.git.createTree({
      ...shop,
      base_tree: main.object.sha,
      tree: [{ path: "tag", mode: "100644", type: "blob", content: "v0.0.2\n" }],
    });
    const { data: commit } = await octokit.rest.git.createCommit({
      ...shop,
      message: "Set the tag",
      tree: tree.sha,
      parents: [main.object.sha],
    });
    await octokit.rest.git.createRef({ ...shop, ref: "refs/heads/slipway/dev", sha: commit.sha });
    const { data: pull } = await octokit.rest.pulls.create({
      ...shop,
      title: "v0.0.2",
      head: "slipway/dev",
      base: "main",
    });
    const open = await octokit.rest.pulls.list({ ...shop, head: "ann:slipway/dev", state: "open" });
    assert.equal(open.data[0]?.number, pull.number);
    const { data: merged } = await octokit.rest.pulls.merge({
      ...shop,
      pull_number: pull.number,
      merge_method: "squash",
      sha: commit.sha,
    });
    const { data: found } = await octokit.rest.repos.listPullRequestsAssociatedWithCommit({
      ...shop,
      commit_sha: merged.sha,
    });
    assert.equal(found[0]?.head.sha, commit.sha);
    const { data: status } = await octokit.rest.repos.getCombinedStatusForRef({
      ...shop,
      ref: "slipway/dev",
    });
    assert.equal(status.sha, commit.sha);
  });

  it("goes through every page", async () => {
    for (let i = 1; i <= 5; i++) await octokit.rest.issues.create({ ...shop, title: `Issue ${i}` });
    const issues = await octokit.paginate(octokit.rest.issues.listForRepo, { ...shop, per_page: 2 });
    assert.deepEqual(
      issues.filter((issue) => !issue.pull_request).map(({ title }) => title),
      ["Issue 5", "Issue 4", "Issue 3", "Issue 2", "Issue 1"],
    );
    for (let i = 1; i <= 12; i++)
      await octokit.rest.actions.createRepoVariable({ ...shop, name: `V${i}`, value: "x" });
    const variables = await octokit.paginate(octokit.rest.actions.listRepoVariables, shop);
    assert.equal(variables.length, 12);
  });

  it("publishes a release, by its tag and as the latest", async () => {
    const { data: draft } = await octokit.rest.repos.createRelease({ ...shop, tag_name: "v1", draft: true });
    await assert.rejects(octokit.rest.repos.getReleaseByTag({ ...shop, tag: "v1" }), { status: 404 });
    await octokit.rest.repos.updateRelease({ ...shop, release_id: draft.id, draft: false });
    assert.equal((await octokit.rest.repos.getReleaseByTag({ ...shop, tag: "v1" })).data.id, draft.id);
    assert.equal((await octokit.rest.repos.getLatestRelease(shop)).data.tag_name, "v1");
  });

  it("follows the redirect to a job's log", async () => {
    const { state, git } = server.context;
    const repository = state.repository("ann", "shop");
    assert.ok(repository);
    const run = createRun(state, {
      repository: repository.id,
      workflow: { id: 1, name: "Deploy", path: ".github/workflows/deploy.yaml" },
      event: "push",
      payload: {},
      ref: "refs/heads/main",
      headSha: (await git.commitOf(repository, "main")) ?? "",
      headBranch: "main",
      headRepository: repository.id,
      actor: "ann",
      title: "Deploy",
    });
    const log = path.join(folder, "job.log");
    writeFileSync(log, "deployed\n");
    const job = updateJob(state, createJob(state, run, { key: "deploy", name: "Deploy" }), { log });
    const answer = await octokit.rest.actions.downloadJobLogsForWorkflowRun({ ...shop, job_id: job.id });
    assert.equal(answer.data, "deployed\n");
  });

  it("tells what is wrong in the error", async () => {
    await assert.rejects(
      octokit.rest.actions.createWorkflowDispatch({ ...shop, workflow_id: "none.yaml", ref: "main" }),
      { status: 404, message: /Not Found/ },
    );
    await assert.rejects(octokit.rest.pulls.create({ ...shop, title: "x", head: "gone", base: "main" }), {
      status: 422,
      message: /Validation Failed: .*"field":"head"/,
    });
  });
});
