import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "mocha";
import { parse } from "yaml";
import { digitaloceanUrl, privateRegistryAddress } from "../../lab/addresses.ts";
import { registryLogin } from "../../lab/credentials.ts";
import { startLoad } from "./load.mts";
import { Pipeline } from "./pipeline.mts";
import { Project } from "./project.mts";

const name = "k8s-demo-go-app-deployment";

interface Deployment {
  metadata: { name: string; namespace: string; labels: Record<string, string> };
  spec: {
    replicas: number;
    selector: unknown;
    template: { spec: { containers: { image: string; ports: { containerPort: number }[] }[] } };
  };
}

/** The same pipeline without Pulumi in its deploys. */
describe("pipeline with the vanilla engine", () => {
  let project: Project;
  let pipeline: Pipeline;
  let folder: string;
  let url: string;

  const kubectl = (...args: string[]) => project.ok("kubectl", args);
  const demo = async () => (await (await fetch(url)).text()).trim();
  const kustomization = async () => {
    const { text } = await pipeline.file("deploy/dev/kustomization.yaml");
    return (parse(text) as { images: { newTag: string; digest: string }[] }).images[0];
  };

  before(async function () {
    this.timeout(600_000);
    folder = mkdtempSync(path.join(tmpdir(), "slipway-kustomize-"));
    project = new Project();
    pipeline = new Pipeline(project, "kustomize");
    await project.stack(
      "dev",
      {
        engine: "kustomize",
        imageTag: "v0.0.1",
        repository: pipeline.image,
        registry: { address: privateRegistryAddress, username: registryLogin.username },
        cluster: { name: "kustomize", region: "ams3" },
        "digitalocean:apiEndpoint": digitaloceanUrl,
        protect: "false",
        build: { context: "app" },
        env: { GREETING: "hello" },
      },
      { "registry.password": registryLogin.password },
    );
    await project.pulumi("up", "--yes", "--skip-preview", "--stack", "dev");
    await project.ok("node", ["commands/kubeconfig.mts", "--stack", "dev", "--current"]);
    const service = JSON.parse(await kubectl("get", "service", "k8s-demo-go-app", "-o", "json")) as {
      spec: { clusterIP: string };
    };
    url = `http://${service.spec.clusterIP}/demo`;
    await pipeline.begin(["dev"]);
    await pipeline.configure({ dev: { stack: "dev" } }, { engine: "kustomize" });
  });
  after(async function () {
    this.timeout(300_000);
    await project.pulumi("destroy", "--yes", "--skip-preview", "--stack", "dev");
    rmSync(folder, { recursive: true });
    project.remove();
  });

  it("has everything but the Deployment declared", async () => {
    assert.equal(await kubectl("get", "deployments", "-o", "name"), "");
  });

  it("gives files that kustomize builds into the Deployment of the story", async () => {
    const { files, image } = (await project.outputs("dev")) as {
      files: Record<string, string>;
      image: string;
    };
    for (const [file, text] of Object.entries(files)) writeFileSync(path.join(folder, file), text);
    const built = parse(await project.ok("kustomize", ["build", folder])) as Deployment;
    assert.equal(built.metadata.name, name);
    assert.deepEqual(built.spec.selector, { matchLabels: { app: "k8s-demo-go-app" } });
    assert.equal(built.spec.replicas, 1);
    const [container] = built.spec.template.spec.containers;
    assert.equal(container?.image, image);
    assert.equal(container?.ports[0]?.containerPort, 8080);
    assert.ok(!JSON.stringify(built).includes("pulumi"), JSON.stringify(built));
  });

  it("gives a credential that can deliver this app, and nothing else", async () => {
    const { deployKubeconfig } = (await project.outputs("dev")) as { deployKubeconfig: string };
    const file = path.join(folder, "kubeconfig");
    writeFileSync(file, deployKubeconfig, { mode: 0o600 });
    const can = async (...args: string[]) =>
      (await project.run("kubectl", ["--kubeconfig", file, "auth", "can-i", ...args])).stdout as string;
    assert.equal(await can("patch", `deployment/${name}`), "yes");
    assert.equal(await can("list", "pods"), "yes");
    for (const more of [
      ["patch", "deployment/another"],
      ["delete", `deployment/${name}`],
      ["get", "secrets"],
      ["create", "pods"],
      ["create", "pods/exec"],
      ["list", "pods", "--namespace", "kube-system"],
    ])
      assert.equal(await can(...more), "no", more.join(" "));
  });

  it("wires, and the deploy workflow's own coming brings the first deploy", async () => {
    const runs = await pipeline.follow(() => pipeline.up());
    await pipeline.expect(runs, ["config: Deploy dev: success"]);
    assert.equal(await demo(), "Welcome to the k8s demo app!");
    await pipeline.up("--expect-no-changes");
  });

  it("brings a release by pull request with the change in its comment, no request failing", async () => {
    await pipeline.say("Hello from v0.0.2!");
    const runs = await pipeline.release("v0.0.2");
    await pipeline.expect(runs, [
      "app: Release: success",
      "config: Bump: success",
      "config: Preview dev: success",
    ]);
    const [pull] = await pipeline.pulls();
    const [comment, ...others] = await pipeline.comments(pull?.number as number);
    assert.deepEqual(others, []);
    assert.match(comment?.body ?? "", /v0\.0\.1 → v0\.0\.2/);
    const load = startLoad(url);
    const merged = await pipeline.follow(() =>
      pipeline.github.pulls.merge({
        ...pipeline.config,
        pull_number: pull?.number as number,
        merge_method: "merge",
      }),
    );
    await pipeline.expect(merged, ["config: Deploy dev: success"]);
    const seen = await load.stop();
    assert.deepEqual(seen.failures, []);
    assert.equal(seen.answers.at(-1), "Hello from v0.0.2!");
    assert.match(await pipeline.status("main", "slipway/dev"), /^success: v0\.0\.2/);
  });

  it("leaves the files to the workflows from then on", async () => {
    const before = await kustomization();
    assert.equal(before?.newTag, "v0.0.2");
    await pipeline.up("--expect-no-changes");
    await pipeline.up("--refresh", "--expect-no-changes");
    assert.deepEqual(await kustomization(), before);
  });

  it("brings releases straight to the branch where asked", async () => {
    await project.set("pipeline", "pipeline.delivery", "branch");
    await pipeline.up();
    await pipeline.say("Hello from v0.0.3!");
    const runs = await pipeline.release("v0.0.3");
    await pipeline.expect(runs, [
      "app: Release: success",
      "config: Bump: success",
      "config: Deploy dev: success",
    ]);
    assert.equal(await demo(), "Hello from v0.0.3!");
  });

  it("rolls back to a named release, and holds", async () => {
    const released = await kustomization();
    const runs = await pipeline.dispatch("rollback.yaml", { environment: "dev", to: "v0.0.2" });
    await pipeline.expect(runs, ["config: Rollback: success", "config: Deploy dev: success"]);
    assert.equal(await demo(), "Hello from v0.0.2!");
    const again = await pipeline.dispatch("bump.yaml", {
      tag: released?.newTag as string,
      digest: released?.digest as string,
    });
    await pipeline.expect(again, ["config: Bump: success"]);
    assert.equal((await kustomization())?.newTag, "v0.0.2");
  });

  it("finds what was changed by hand, and the next deploy mends it", async () => {
    await kubectl("scale", "deployment", name, "--replicas=2");
    await pipeline.expect(await pipeline.dispatch("drift.yaml"), ["config: Drift: success"]);
    const open = async () =>
      (await pipeline.github.issues.listForRepo({ ...pipeline.config, state: "open" })).data.filter(
        (issue) => !issue.pull_request,
      );
    assert.match((await open())[0]?.body ?? "", /replicas/);
    await pipeline.expect(await pipeline.dispatch("deploy-dev.yaml"), ["config: Deploy dev: success"]);
    assert.equal((await kubectl("get", "deployment", name, "-o", "jsonpath={.spec.replicas}")).trim(), "1");
    await pipeline.dispatch("drift.yaml");
    assert.deepEqual(await open(), []);
  });

  it("says in the run why a rollout fails", async () => {
    const [run, ...others] = await pipeline.follow(() =>
      pipeline.edit(pipeline.config, "deploy/dev/deployment.yaml", "main", "A probe that fails", (text) =>
        text
          .replace("progressDeadlineSeconds: 120", "progressDeadlineSeconds: 5")
          .replaceAll("path: /readyz", "path: /nowhere"),
      ),
    );
    assert.deepEqual(others, []);
    assert.equal(run?.conclusion, "failure");
    assert.match(await pipeline.log(run), /Readiness probe failed/);
    assert.equal(await demo(), "Hello from v0.0.2!", "what ran before still answers");
  });
});
