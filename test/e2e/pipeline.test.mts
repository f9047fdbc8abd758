import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { after, before, describe, it } from "mocha";
import { digitaloceanUrl, privateRegistryAddress } from "../../lab/addresses.ts";
import { digitaloceanToken, githubOwner, githubOwnerToken, registryLogin } from "../../lab/credentials.ts";
import { control } from "../../lab/github/controlClient.ts";
import { labGitHub } from "../../lab/repositories.ts";
import { startLoad } from "./load.mts";
import { Pipeline } from "./pipeline.mts";
import { Project } from "./project.mts";

const digest = /sha256:[0-9a-f]{64}/;
const registry = { address: privateRegistryAddress, username: registryLogin.username };

/** Publish a release, touch nothing else: each step begins where the one before it ended. */
describe("pipeline", () => {
  let project: Project;
  let pipeline: Pipeline;

  const kubectl = (...args: string[]) => project.ok("kubectl", args);
  /** What the app of an environment says, checked to be the image of its stack. */
  const answer = async (stack: string) => {
    const result = await project.run("node", ["commands/verify.mts", "--stack", stack]);
    assert.equal(result.exitCode, 0, result.all);
    return /GET \/demo {2}200 {2}(.*)/.exec(result.all)?.[1];
  };
  const replicas = async () =>
    (
      await kubectl("get", "deployment", "k8s-demo-go-app-deployment", "-o", "jsonpath={.spec.replicas}")
    ).trim();

  before(async function () {
    this.timeout(600_000);
    project = new Project();
    pipeline = new Pipeline(project, "pulumi");
    const secrets = { "registry.password": registryLogin.password };
    const shared = { imageTag: "v0.0.1", registry, repository: pipeline.image };
    await project.stack(
      "dev",
      {
        ...shared,
        cluster: { name: "pipeline", region: "ams3" },
        "digitalocean:apiEndpoint": digitaloceanUrl,
        protect: "false",
        build: { context: "app" },
      },
      secrets,
    );
    await project.pulumi("up", "--yes", "--skip-preview", "--stack", "dev");
    // From now on, the release workflow builds.
    await project.pulumi("config", "rm", "--stack", "dev", "build");
    await project.stack(
      "prod",
      { ...shared, clusterStack: "organization/slipway/dev", namespace: "prod" },
      secrets,
    );
    await project.pulumi("up", "--yes", "--skip-preview", "--stack", "prod");
    await project.ok("node", ["commands/kubeconfig.mts", "--stack", "dev", "--current"]);
    await pipeline.begin(["dev", "prod"]);
    await pipeline.configure({ dev: { stack: "dev" }, prod: { from: "dev" } }, { delivery: "branch" });
  });
  after(async function () {
    this.timeout(300_000);
    for (const stack of ["prod", "dev"])
      await project.pulumi("destroy", "--yes", "--skip-preview", "--stack", stack);
    project.remove();
  });

  it("writes nothing where a file is in the way that is not Slipway's, and names it", async () => {
    const path = ".github/workflows/release.yaml";
    const content = Buffer.from("name: mine\non: workflow_dispatch\njobs: {}\n").toString("base64");
    const { data } = await pipeline.github.repos.createOrUpdateFileContents({
      ...pipeline.app,
      path,
      message: "Mine",
      content,
    });
    const result = await pipeline.tryUp();
    assert.notEqual(result.exitCode, 0);
    assert.match(result.all, /has \.github\/workflows\/release\.yaml, which Slipway did not write/);
    assert.match(result.all, /pipeline\.app\.overwrite true/);
    const secrets = await pipeline.github.actions.listRepoSecrets(pipeline.app);
    assert.equal(secrets.data.total_count, 0);
    await pipeline.github.repos.deleteFile({
      ...pipeline.app,
      path,
      message: "Not mine",
      sha: data.content?.sha as string,
    });
  });

  it("wires both repositories from nothing, and no secret is printed", async () => {
    const output = await pipeline.up();
    for (const secret of [
      digitaloceanToken,
      githubOwnerToken,
      registryLogin.password,
      pipeline.dispatchToken,
    ])
      assert.ok(!output.includes(secret), "a secret is printed");
    const names = async (repository: { owner: string; repo: string }) => {
      const { data } = await pipeline.github.repos.getContent({ ...repository, path: ".github/workflows" });
      return (data as { name: string }[]).map(({ name }) => name).sort();
    };
    assert.deepEqual(await names(pipeline.app), ["release.yaml"]);
    assert.deepEqual(await names(pipeline.config), [
      ...["bump.yaml", "deploy-dev.yaml", "deploy-prod.yaml", "drift.yaml"],
      ...["preview-dev.yaml", "preview-prod.yaml", "promote.yaml", "rollback.yaml"],
    ]);
    const secrets = await pipeline.github.actions.listRepoSecrets(pipeline.app);
    assert.deepEqual(secrets.data.secrets.map(({ name }) => name).sort(), [
      "DISPATCH_TOKEN",
      "REGISTRY_PASSWORD",
      "REGISTRY_USERNAME",
    ]);
    assert.equal((await pipeline.github.actions.listRepoSecrets(pipeline.config)).data.total_count, 0);
    assert.deepEqual(await pipeline.runs(), [], "nothing runs because of the wiring");
  });

  it("changes nothing the second time, also after a look at what is there", async () => {
    await pipeline.up("--expect-no-changes");
    await pipeline.up("--refresh", "--expect-no-changes");
  });

  it("brings a release to the pod, no request failing, and touches no other environment", async () => {
    await pipeline.say("Hello from v0.0.2!");
    const service = JSON.parse(await kubectl("get", "service", "k8s-demo-go-app", "-o", "json")) as {
      spec: { clusterIP: string };
    };
    const load = startLoad(`http://${service.spec.clusterIP}/demo`);
    const runs = await pipeline.release("v0.0.2");
    await kubectl("wait", "--for=delete", "pod", "-l", "app.kubernetes.io/version=v0.0.1", "--timeout=60s");
    const seen = await load.stop();
    await pipeline.expect(runs, [
      "app: Release: success",
      "config: Bump: success",
      "config: Deploy dev: success",
    ]);
    assert.deepEqual(seen.failures, []);
    assert.deepEqual(seen.answers, ["Welcome to the k8s demo app!", "Hello from v0.0.2!"]);
    assert.match(await pipeline.imageTag("dev"), new RegExp(`^v0\\.0\\.2@${digest.source}$`));
    assert.equal(await answer("dev"), "Hello from v0.0.2!");
    assert.equal(await answer("prod"), "Welcome to the k8s demo app!");
    assert.match(await pipeline.status("main", "slipway/dev"), /^success: v0\.0\.2/);
    const { data } = await pipeline.github.repos.listDeployments({ ...pipeline.config, environment: "dev" });
    const statuses = await pipeline.github.repos.listDeploymentStatuses({
      ...pipeline.config,
      deployment_id: data[0]?.id as number,
    });
    assert.equal(statuses.data[0]?.state, "success");
  });

  it("does nothing for the same release again", async () => {
    const before = await pipeline.commits();
    const [tag, digest] = (await pipeline.imageTag("dev")).split("@") as [string, string];
    const runs = await pipeline.dispatch("bump.yaml", { tag, digest });
    await pipeline.expect(runs, ["config: Bump: success"]);
    assert.equal(await pipeline.commits(), before);
  });

  it("does not go back to an older release by itself, and says why", async () => {
    const before = await pipeline.imageTag("dev");
    const runs = await pipeline.release("v0.0.0");
    await pipeline.expect(runs, ["app: Release: success", "config: Bump: success"]);
    assert.match(await pipeline.log(runs[1] as (typeof runs)[0]), /v0\.0\.0.*older/s);
    assert.equal(await pipeline.imageTag("dev"), before);
  });

  it("refuses the same release with another digest", async () => {
    const runs = await pipeline.dispatch("bump.yaml", { tag: "v0.0.2", digest: `sha256:${"0".repeat(64)}` });
    await pipeline.expect(runs, ["config: Bump: failure"]);
    assert.match(await pipeline.log(runs[0] as (typeof runs)[0]), /v0\.0\.2/);
  });

  it("rolls back by hand, and the rollback holds until a newer release", async () => {
    const released = await pipeline.imageTag("dev");
    const rollback = await pipeline.dispatch("rollback.yaml", { environment: "dev" });
    await pipeline.expect(rollback, ["config: Rollback: success", "config: Deploy dev: success"]);
    assert.match(await pipeline.imageTag("dev"), /^v0\.0\.1\b/);
    assert.equal(await answer("dev"), "Welcome to the k8s demo app!");

    const [tag, digest] = released.split("@") as [string, string];
    const again = await pipeline.dispatch("bump.yaml", { tag, digest });
    await pipeline.expect(again, ["config: Bump: success"]);
    assert.match(await pipeline.imageTag("dev"), /^v0\.0\.1\b/);

    await pipeline.say("Hello from v0.0.3!");
    const newer = await pipeline.release("v0.0.3");
    await pipeline.expect(newer, [
      "app: Release: success",
      "config: Bump: success",
      "config: Deploy dev: success",
    ]);
    assert.equal(await answer("dev"), "Hello from v0.0.3!");
  });

  it("keeps a release that comes while the branch moves", async () => {
    const line = (number: number) => (text: string) => `${text}# a change beside, ${number}\n`;
    await pipeline.say("Hello from v0.0.4!");
    let moving = true;
    let commits = 0;
    const mover = (async () => {
      while (moving) {
        await pipeline.edit(pipeline.config, "README.md", "main", "Beside", line(commits + 1)).then(
          () => commits++,
          // The bump was quicker: read again, as everybody must.
          (error: { status?: number }) => assert.equal(error.status, 409),
        );
        await sleep(1000);
      }
    })();
    const runs = await pipeline
      .follow(() =>
        pipeline.github.repos.createRelease({
          ...pipeline.app,
          tag_name: "v0.0.4",
          target_commitish: "main",
        }),
      )
      .finally(() => (moving = false));
    await mover;
    await pipeline.expect(runs, [
      "app: Release: success",
      "config: Bump: success",
      "config: Deploy dev: success",
    ]);
    assert.match(await pipeline.imageTag("dev"), /^v0\.0\.4@/);
    const { text } = await pipeline.file("README.md");
    assert.equal(text.match(/# a change beside/g)?.length, commits, "a commit was lost");
  });

  it("promotes what dev runs to prod, by a pull request with its preview", async () => {
    const promote = await pipeline.dispatch("promote.yaml", { to: "prod" });
    await pipeline.expect(promote, ["config: Promote: success", "config: Preview prod: success"]);
    const [pull, ...others] = await pipeline.pulls();
    assert.deepEqual(others, []);
    const [comment, ...more] = await pipeline.comments(pull?.number as number);
    assert.deepEqual(more, []);
    assert.match(comment?.body ?? "", /v0\.0\.1 → v0\.0\.4/);
    const merge = await pipeline.follow(() =>
      pipeline.github.pulls.merge({
        ...pipeline.config,
        pull_number: pull?.number as number,
        merge_method: "squash",
      }),
    );
    await pipeline.expect(merge, ["config: Deploy prod: success"]);
    assert.equal(await pipeline.imageTag("prod"), await pipeline.imageTag("dev"));
    assert.equal(await answer("prod"), "Hello from v0.0.4!");
  });

  it("finds drift, tells it in one issue, and the next deploy mends it", async () => {
    const issues = async (state: "open" | "closed") =>
      (await pipeline.github.issues.listForRepo({ ...pipeline.config, state })).data.filter(
        (issue) => !issue.pull_request,
      );
    await kubectl("scale", "deployment", "k8s-demo-go-app-deployment", "--replicas=3");
    await pipeline.expect(await pipeline.dispatch("drift.yaml"), ["config: Drift: success"]);
    const [issue, ...others] = await issues("open");
    assert.deepEqual(others, []);
    assert.match(issue?.body ?? "", /replicas/);
    await pipeline.dispatch("drift.yaml");
    assert.equal((await issues("open")).length, 1);

    await pipeline.expect(await pipeline.dispatch("deploy-dev.yaml"), ["config: Deploy dev: success"]);
    assert.equal(await replicas(), "1");
    await pipeline.dispatch("drift.yaml");
    assert.deepEqual(await issues("open"), []);
    assert.equal((await issues("closed"))[0]?.number, issue?.number);
  });

  /** Proposes a change of dev's configuration; gives the pull request's number and the runs. */
  const propose = async (branch: string, change: (text: string) => string) => {
    const ref = `refs/heads/${branch}`;
    await pipeline.github.git.createRef({ ...pipeline.config, ref, sha: await pipeline.head() });
    await pipeline.edit(pipeline.config, "Pulumi.dev.yaml", branch, `Change dev on ${branch}`, change);
    let number = 0;
    const runs = await pipeline.follow(async () => {
      const { data } = await pipeline.github.pulls.create({
        ...pipeline.config,
        title: branch,
        head: branch,
        base: "main",
      });
      number = data.number;
    });
    return { number, runs };
  };
  const setReplicas = (count: number) => (text: string) =>
    `${text.replace(/^ +slipway:replicas: .*\n/m, "").trimEnd()}\n  slipway:replicas: ${count}\n`;

  it("previews a pull request in one comment, edited in place, and applies what was reviewed", async () => {
    const { number, runs } = await propose("more", setReplicas(2));
    await pipeline.expect(runs, ["config: Preview dev: success"]);
    const [first] = await pipeline.comments(number);
    assert.match(first?.body ?? "", /replicas/);
    assert.match(first?.body ?? "", /1.*2/s);
    const again = await pipeline.follow(() =>
      pipeline.edit(pipeline.config, "Pulumi.dev.yaml", "more", "Even more", setReplicas(3)),
    );
    await pipeline.expect(again, ["config: Preview dev: success"]);
    const comments = await pipeline.comments(number);
    assert.deepEqual(
      comments.map(({ id }) => id),
      [first?.id],
    );
    assert.match(comments[0]?.body ?? "", /3/);
    const merged = await pipeline.follow(() =>
      pipeline.github.pulls.merge({ ...pipeline.config, pull_number: number, merge_method: "merge" }),
    );
    await pipeline.expect(merged, ["config: Deploy dev: success"]);
    assert.equal(await replicas(), "3");
  });

  it("applies no plan that changed since it was reviewed, until somebody says so", async () => {
    const { number } = await propose("less", setReplicas(2));
    await kubectl("scale", "deployment", "k8s-demo-go-app-deployment", "--replicas=5");
    const merged = await pipeline.follow(() =>
      pipeline.github.pulls.merge({ ...pipeline.config, pull_number: number, merge_method: "merge" }),
    );
    await pipeline.expect(merged, ["config: Deploy dev: failure"]);
    assert.equal(await replicas(), "5");
    const status = await pipeline.status("main", "slipway/dev");
    assert.match(status, /^failure: the plan changed/);
    const log = await pipeline.log(merged[0] as (typeof merged)[0]);
    const plan = /run deploy-dev\.yaml by hand with plan ([0-9a-f]{16})/.exec(log)?.[1];
    assert.ok(plan, log);
    await pipeline.expect(await pipeline.dispatch("deploy-dev.yaml", { plan }), [
      "config: Deploy dev: success",
    ]);
    assert.equal(await replicas(), "2");
  });

  it("says in the comment why a preview fails", async () => {
    const { number, runs } = await propose("wrong", (text) => `${text.trimEnd()}\n  slipway:port: 123456\n`);
    await pipeline.expect(runs, ["config: Preview dev: failure"]);
    const [comment] = await pipeline.comments(number);
    assert.match(comment?.body ?? "", /slipway:port/);
    assert.match(comment?.body ?? "", /a whole number from 1 to 65535/);
    await pipeline.github.pulls.update({ ...pipeline.config, pull_number: number, state: "closed" });
  });

  it("gives a fork's pull request no secret, and breaks nothing", async () => {
    const token = "canary-mallory-not-a-secret";
    await control().addToken({ token, user: "mallory", kind: "classic", scopes: ["repo", "workflow"] });
    await pipeline.github.repos.update({ ...pipeline.config, private: false });
    const mallory = labGitHub(token);
    await mallory.repos.createFork(pipeline.config);
    const fork = { owner: "mallory", repo: pipeline.config.repo };
    const { data } = await mallory.repos.getContent({ ...fork, path: "Pulumi.dev.yaml" });
    assert.ok("content" in data);
    const text = Buffer.from(data.content, "base64").toString("utf8");
    await mallory.repos.createOrUpdateFileContents({
      ...fork,
      path: "Pulumi.dev.yaml",
      message: "Mine",
      sha: data.sha,
      content: Buffer.from(setReplicas(9)(text)).toString("base64"),
    });
    const runs = await pipeline.follow(() =>
      mallory.pulls.create({ ...pipeline.config, title: "Mine", head: "mallory:main", base: "main" }),
    );
    await pipeline.expect(runs, ["config: Preview dev: skipped"]);
    assert.equal(await replicas(), "2");
    await pipeline.github.repos.update({ ...pipeline.config, private: true });
  });

  it("brings releases by pull request where asked, one for each environment", async () => {
    await project.set("pipeline", "pipeline.delivery", "pullRequest");
    await pipeline.up();
    await pipeline.say("Hello from v0.0.5!");
    const first = await pipeline.release("v0.0.5");
    await pipeline.expect(first, [
      "app: Release: success",
      "config: Bump: success",
      "config: Preview dev: success",
    ]);
    const proposals = async () => (await pipeline.pulls()).filter(({ head }) => head.ref === "slipway/dev");
    const [proposal] = await proposals();
    assert.match(proposal?.title ?? "", /v0\.0\.5/);

    await pipeline.say("Hello from v0.0.6!");
    await pipeline.expect(await pipeline.release("v0.0.6"), [
      "app: Release: success",
      "config: Bump: success",
      "config: Preview dev: success",
    ]);
    const [updated, ...others] = await proposals();
    assert.deepEqual(others, []);
    assert.equal(updated?.number, proposal?.number);
    assert.match(updated?.title ?? "", /v0\.0\.6/);
    const comments = await pipeline.comments(proposal?.number as number);
    assert.equal(comments.length, 1);
    assert.match(comments[0]?.body ?? "", /v0\.0\.4 → v0\.0\.6/);

    const merged = await pipeline.follow(() =>
      pipeline.github.pulls.merge({
        ...pipeline.config,
        pull_number: proposal?.number as number,
        merge_method: "merge",
      }),
    );
    await pipeline.expect(merged, ["config: Deploy dev: success"]);
    assert.equal(await answer("dev"), "Hello from v0.0.6!");
  });

  it("deploys a protected environment only once a reviewer approved", async () => {
    const prod = "pipeline.environments.prod";
    for (const name of ["PULUMI_CONFIG_PASSPHRASE", "DIGITALOCEAN_TOKEN"]) {
      const value = name === "DIGITALOCEAN_TOKEN" ? digitaloceanToken : project.env.PULUMI_CONFIG_PASSPHRASE;
      const path = `${prod}.previewSecrets.${name}`;
      await project.pulumi(
        "config",
        "set",
        "--stack",
        "pipeline",
        "--secret",
        "--path",
        path,
        "--",
        String(value),
      );
    }
    await project.set("pipeline", `${prod}.reviewers[0]`, githubOwner);
    await pipeline.up();
    const promote = await pipeline.dispatch("promote.yaml", { to: "prod" });
    await pipeline.expect(promote, ["config: Promote: success", "config: Preview prod: success"]);
    const [pull] = (await pipeline.pulls()).filter(({ head }) => head.ref === "slipway/prod");
    const merged = await pipeline.follow(async () => {
      await pipeline.github.pulls.merge({
        ...pipeline.config,
        pull_number: pull?.number as number,
        merge_method: "merge",
      });
      assert.equal(await answer("prod"), "Hello from v0.0.4!");
      await pipeline.approve();
    });
    await pipeline.expect(merged, ["config: Deploy prod: success"]);
    assert.equal(await answer("prod"), "Hello from v0.0.6!");
  });

  it("deploys every push to the app's main branch where asked", async () => {
    await project.set("pipeline", "pipeline.delivery", "branch");
    await project.set("pipeline", "pipeline.app.trigger", "push");
    const expected = ["app: Release: success", "config: Bump: success", "config: Deploy dev: success"];
    // The workflow's own coming is a push.
    await pipeline.expect(await pipeline.follow(() => pipeline.up()), expected);
    await pipeline.expect(await pipeline.follow(() => pipeline.say("Hello from a push!")), expected);
    assert.match(await pipeline.imageTag("dev"), /^sha-[0-9a-f]{40}@/);
    assert.equal(await answer("dev"), "Hello from a push!");
  });

  it("creates repositories where asked, private ones, and changes nothing the second time", async () => {
    const made = new Pipeline(project, "made", "made");
    const create = (repository: string) => ({ repository, create: "true" });
    await made.configure(
      { dev: { stack: "dev" } },
      { app: create(made.appName), config: create(made.configName) },
    );
    await made.up();
    for (const repository of [made.app, made.config]) {
      const { data } = await made.github.repos.get(repository);
      assert.equal(data.private, true);
      await made.github.repos.getContent({ ...repository, path: ".github/workflows" });
    }
    await made.up("--expect-no-changes");
    await made.up("--refresh", "--expect-no-changes");
  });

  it("never writes a secret into a log or a comment", async () => {
    const secrets = [
      digitaloceanToken,
      githubOwnerToken,
      registryLogin.password,
      pipeline.dispatchToken,
      project.env.PULUMI_CONFIG_PASSPHRASE as string,
    ];
    const logs = await Promise.all(
      (await pipeline.runs())
        .filter(({ conclusion }) => conclusion !== "skipped")
        .map((run) => pipeline.log(run)),
    );
    const { data: issues } = await pipeline.github.issues.listForRepo({
      ...pipeline.config,
      state: "all",
      per_page: 100,
    });
    const comments = await Promise.all(
      issues.map(async ({ number, body }) =>
        [body, ...(await pipeline.comments(number)).map((comment) => comment.body)].join("\n"),
      ),
    );
    const all = [...logs, ...comments].join("\n");
    assert.ok(all.length > 10_000, "there are logs");
    for (const secret of secrets) assert.ok(!all.includes(secret), "a secret is in a log or a comment");
  });
});
