import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { digitaloceanUrl, privateRegistryAddress, registryAddress } from "../../lab/addresses.ts";
import { digitaloceanToken, registryLogin } from "../../lab/credentials.ts";
import { control } from "../../lab/digitalocean/control.ts";
import { registryContents } from "../../lab/registry.ts";
import { startLoad } from "./load.mts";
import { Project } from "./project.mts";

const digitalocean = control();
const welcome = "Welcome to the k8s demo app!";
const digest = /sha256:[0-9a-f]{64}$/;

interface Pod {
  metadata: { name: string; deletionTimestamp?: string };
  spec: { containers: { image: string }[] };
}

/** The whole story, in order, through the plain CLI: each step begins where the one before it ended. */
describe("story", () => {
  let project: Project;
  let first: Record<string, unknown>;

  const kubectl = (...args: string[]) => project.ok("kubectl", args);
  const verify = (...args: string[]) =>
    project.run("node", ["commands/verify.mts", "--stack", "dev", ...args]);
  const up = (...args: string[]) =>
    project.pulumi("up", "--yes", "--skip-preview", "--stack", "dev", ...args);
  const tryUp = () =>
    project.run("pulumi", ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", "dev"]);
  const pods = async (selector = "app=k8s-demo-go-app") =>
    (JSON.parse(await kubectl("get", "pods", "-l", selector, "-o", "json")) as { items: Pod[] }).items;

  before(async () => {
    project = new Project();
    await project.stack(
      "dev",
      {
        imageTag: "v0.0.1",
        cluster: { name: "e2e", region: "ams3" },
        registry: { address: privateRegistryAddress, username: registryLogin.username },
        build: { context: "app" },
        "digitalocean:apiEndpoint": digitaloceanUrl,
      },
      { "registry.password": registryLogin.password },
    );
  });
  after(() => project.remove());

  it("begins with a preview that builds nothing and creates nothing", async () => {
    const preview = await project.pulumi("preview", "--stack", "dev", "--diff");
    assert.match(preview, /k8s-demo-go-app-deployment/);
    assert.deepEqual((await digitalocean.status()).clusters, []);
    assert.equal((await registryContents())["juggernaut/k8s-demo-go-app"], undefined);
  });

  it("goes from nothing to /demo", async () => {
    const output = await up();
    for (const secret of [digitaloceanToken, registryLogin.password])
      assert.ok(!output.includes(secret), "a secret is printed");
    first = await project.outputs("dev");
    assert.match(String(first.image), digest);
    assert.deepEqual((await registryContents())["juggernaut/k8s-demo-go-app"], ["v0.0.1"]);

    const answer = await verify("--expect", welcome);
    assert.equal(answer.exitCode, 0, answer.all);
    assert.match(answer.all, /GET \/demo {2}200 {2}Welcome to the k8s demo app!/);
    assert.ok(
      answer.all.includes(String(first.image).match(digest)?.[0] as string),
      "the digest that answered",
    );
  });

  it("gives kubectl a kubeconfig", async () => {
    const made = await project.ok("node", ["commands/kubeconfig.mts", "--stack", "dev"]);
    assert.match(made, /context do-ams3-e2e/);
    assert.match(await kubectl("cluster-info"), /Kubernetes control plane.*127\.0\.0\.1:7713/);
  });

  it("runs the Deployment of the story, as Kubernetes sees it", async () => {
    const { metadata, spec } = JSON.parse(
      await kubectl("get", "deployment", "k8s-demo-go-app-deployment", "-o", "json"),
    ) as {
      metadata: { name: string };
      spec: { replicas: number; selector: object; template: { spec: Pod["spec"] } };
    };
    assert.equal(metadata.name, "k8s-demo-go-app-deployment");
    assert.equal(spec.replicas, 1);
    assert.deepEqual(spec.selector, { matchLabels: { app: "k8s-demo-go-app" } });
    assert.equal(spec.template.spec.containers[0]?.image, first.image);
  });

  it("changes nothing the second time, and a refresh finds no drift", async () => {
    await up("--expect-no-changes");
    await project.pulumi("refresh", "--yes", "--skip-preview", "--stack", "dev", "--expect-no-changes");
    await project.pulumi("preview", "--stack", "dev", "--expect-no-changes");
  });

  it("previews a release without an engine", async () => {
    await project.set("dev", "imageTag", "v0.0.2");
    await project.set("dev", "build.args.MESSAGE", "Hello from v0.0.2!");
    const preview = await project.ok("pulumi", ["preview", "--stack", "dev", "--diff", "--non-interactive"], {
      DOCKER_HOST: "unix:///nowhere/docker.sock",
    });
    assert.match(preview, /v0\.0\.2/);
  });

  it("releases v0.0.2 under load, no request failing, and the old pod goes", async () => {
    const service = JSON.parse(await kubectl("get", "service", "k8s-demo-go-app", "-o", "json")) as {
      spec: { clusterIP: string };
    };
    const load = startLoad(`http://${service.spec.clusterIP}/demo`);
    await up();
    const answer = await verify("--expect", "Hello from v0.0.2!");
    assert.equal(answer.exitCode, 0, answer.all);
    await kubectl("wait", "--for=delete", "pod", "-l", "app.kubernetes.io/version=v0.0.1", "--timeout=60s");
    const seen = await load.stop();
    assert.deepEqual(seen.failures, []);
    assert.deepEqual(seen.answers, [welcome, "Hello from v0.0.2!"]);
    assert.ok(seen.requests > 100, `${seen.requests} requests`);
    assert.equal((await pods()).length, 1);
  });

  it("goes back to v0.0.1, to the digest it had", async () => {
    await project.set("dev", "imageTag", "v0.0.1");
    await project.pulumi("config", "rm", "--stack", "dev", "--path", "build.args");
    await up();
    assert.equal((await project.outputs("dev")).image, first.image);
    assert.equal((await verify("--expect", welcome)).exitCode, 0);
  });

  it("refuses other content under a tag that is released", async () => {
    project.edit("app/main.go", welcome, "Something else");
    const result = await tryUp();
    assert.notEqual(result.exitCode, 0);
    assert.match(result.all, /the registry already has this tag, with other content/);
    assert.match(result.all, /pulumi config set imageTag/);
    assert.ok(!/^\s+at .*:\d+:\d+/m.test(result.all), `a stack trace is shown:\n${result.all}`);
    project.edit("app/main.go", "Something else", welcome);
    await up();
    assert.equal((await verify("--expect", welcome)).exitCode, 0);
  });

  it("says what the pod says when a rollout fails", async () => {
    const tooMuch = { requests: { memory: "999Gi" }, limits: { memory: "999Gi" } };
    const failing: { key: string; value: unknown; said: RegExp }[] = [
      { key: "env", value: { PORT: "none" }, said: /terminated at .*exit code 2.*PORT/s },
      {
        key: "container",
        value: { readinessProbe: { httpGet: { path: "/nowhere" } } },
        said: /Readiness probe failed: HTTP probe failed with statuscode: 404/,
      },
      { key: "container", value: { resources: tooMuch }, said: /FailedScheduling.*Insufficient memory/ },
    ];
    await project.set("dev", "deployment.spec.progressDeadlineSeconds", 10);
    for (const { key, value, said } of failing) {
      await project.set("dev", key, value);
      const result = await tryUp();
      assert.notEqual(result.exitCode, 0, result.all);
      assert.match(result.all, said);
      await project.pulumi("config", "rm", "--stack", "dev", key);
    }
    await project.pulumi("config", "rm", "--stack", "dev", "deployment");
    assert.equal((await verify("--expect", welcome)).exitCode, 0, "the pod from before no longer answers");
    await up();
    assert.equal((await verify("--expect", welcome)).exitCode, 0);
  });

  it("works a month later, when every cluster token has expired", async () => {
    await digitalocean.forward(31 * 24 * 3600);
    await project.pulumi("preview", "--stack", "dev", "--expect-no-changes");
    await project.set("dev", "replicas", 2);
    await up();
    assert.equal((await pods()).filter((pod) => !pod.metadata.deletionTimestamp).length, 2);
    await project.pulumi("config", "rm", "--stack", "dev", "replicas");
    await up();
  });

  it("deploys another app, in another language, to the same cluster by configuration alone", async () => {
    const { cpSync } = await import("node:fs");
    cpSync(new URL("../apps/node", import.meta.url), `${project.folder}/other`, { recursive: true });
    await project.stack(
      "shop",
      {
        clusterStack: "organization/slipway/dev",
        appName: "shop",
        namespace: "shop",
        imageTag: "v1",
        repository: "shop/web",
        registry: { address: registryAddress },
        build: { context: "other", target: "debug", args: { RELEASE: "one" } },
        port: 3000,
        replicas: 2,
        env: { GREETING: "good morning" },
        container: {
          readinessProbe: { httpGet: { path: "/health" } },
          livenessProbe: { httpGet: { path: "/health" } },
        },
        disruptionBudget: { spec: { minAvailable: 1 } },
        verifyPath: "/hello",
      },
      { "secretEnv.API_KEY": "canary-not-a-real-key" },
    );
    const output = await project.pulumi("up", "--yes", "--skip-preview", "--stack", "shop");
    assert.ok(!output.includes("canary"), "a secret is printed");
    const answer = await project.run("node", [
      "commands/verify.mts",
      "--stack",
      "shop",
      "--expect",
      "good morning",
    ]);
    assert.equal(answer.exitCode, 0, answer.all);
    assert.match(answer.all, /answers from 2 pods/);
    assert.match(answer.all, /"target":"debug"/);
    assert.ok(!answer.all.includes("canary"));
    await project.pulumi("up", "--yes", "--skip-preview", "--stack", "shop", "--expect-no-changes");
  });

  it("deploys to a cluster that is known by its kubeconfig alone", async () => {
    const kubeconfig = String((await project.outputs("dev")).kubeconfig);
    await project.stack(
      "third",
      { appName: "third", namespace: "third", imageTag: "v0.0.2", registry: { address: registryAddress } },
      { kubeconfig },
    );
    await project.set("third", "imageTag", "v9");
    const missing = await project.run("pulumi", ["preview", "--non-interactive", "--stack", "third"]);
    assert.notEqual(missing.exitCode, 0);
    assert.match(missing.all, /error: \S+juggernaut\/k8s-demo-go-app:v9: registry \S+ has no such image/);
    assert.ok(!/^\s+at .*:\d+:\d+|Warning/m.test(missing.all), missing.all);
    await project.set("third", "imageTag", "v0.0.2");
    await project.pulumi("up", "--yes", "--skip-preview", "--stack", "third");
    const answer = await project.run("node", [
      "commands/verify.mts",
      "--stack",
      "third",
      "--expect",
      "Hello from v0.0.2!",
    ]);
    assert.equal(answer.exitCode, 0, answer.all);
    await project.pulumi("destroy", "--yes", "--skip-preview", "--stack", "third");
    await project.pulumi("destroy", "--yes", "--skip-preview", "--stack", "shop");
    assert.deepEqual(
      JSON.parse(
        await kubectl("get", "pods", "-A", "-o", "json", "--field-selector=metadata.namespace!=default"),
      ).items,
      [],
    );
  });

  it("reports every mistake in the configuration at once, before anything changes", async () => {
    await digitalocean.resetCalls();
    const bad = { imageTag: "a b", verifyPath: "x", namespace: "UP" };
    for (const [key, value] of Object.entries(bad)) await project.set("dev", key, value);
    const result = await tryUp();
    assert.notEqual(result.exitCode, 0);
    assert.match(result.all, /3 problems in the configuration of stack dev; nothing was changed/);
    for (const key of Object.keys(bad)) assert.ok(result.all.includes(`slipway:${key}`), key);
    assert.ok(!/^\s+at .*:\d+:\d+/m.test(result.all), `a stack trace is shown:\n${result.all}`);
    assert.deepEqual(await digitalocean.calls(), []);
    await project.set("dev", "imageTag", "v0.0.1");
    for (const key of ["verifyPath", "namespace"])
      await project.pulumi("config", "rm", "--stack", "dev", key);
  });

  it("protects the cluster, and leaves nothing once that is taken away", async () => {
    const refused = await project.run("pulumi", [
      "destroy",
      "--yes",
      "--skip-preview",
      "--stack",
      "dev",
      "--non-interactive",
    ]);
    assert.notEqual(refused.exitCode, 0);
    assert.match(refused.all, /protect/);
    assert.equal((await digitalocean.status()).clusters.length, 1);

    await project.set("dev", "protect", "false");
    await up();
    await project.pulumi("destroy", "--yes", "--skip-preview", "--stack", "dev");
    assert.deepEqual((await digitalocean.status()).clusters, []);
    assert.equal((await digitalocean.status()).clusterTokens, 0);
  });
});
