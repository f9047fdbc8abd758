import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import program from "../../index";
import { keys } from "../../config/schema";
import { serverOf } from "../../stacks/existingCluster";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import * as pulumi from "@pulumi/pulumi";
import { type Answers, type Json, startEngine, valueOf } from "./engine";
import { type FakeRegistry, manifestDigest, startRegistry } from "./registry";

const clusterType = "digitalocean:index/kubernetesCluster:KubernetesCluster";
const providerType = "pulumi:providers:kubernetes";

const kubeconfig = `current-context: a
contexts: [{name: b, context: {cluster: d}}, {name: a, context: {cluster: c, user: u}}]
clusters: [{name: d, cluster: {server: "https://other.invalid"}}, {name: c, cluster: {server: "https://mine.invalid"}}]
users: [{name: u, user: {token: canary-not-a-real-token}}]`;

let registry: FakeRegistry;
before(async () => {
  registry = await startRegistry();
});
after(() => registry.close());

/** Runs the whole program with this configuration. */
async function run(config: Record<string, string>, answers: Answers = {}) {
  const engine = await startEngine({
    outputs: {
      [clusterType]: () => ({
        endpoint: "https://new.invalid",
        kubeConfigs: [{ clusterCaCertificate: "Y2E=" }],
      }),
      ...answers.outputs,
    },
    functions: {
      "digitalocean:index/getKubernetesVersions:getKubernetesVersions": () => ({
        latestVersion: "1.34.1-do.0",
      }),
      ...answers.functions,
    },
    lastUpdate: answers.lastUpdate,
  });
  const secrets = ["slipway:kubeconfig"];
  pulumi.runtime.setAllConfig(
    {
      "slipway:imageTag": "v1",
      "slipway:repository": "shop/web",
      "slipway:registry": JSON.stringify({ address: registry.address }),
      ...config,
    },
    secrets,
  );
  process.env.PULUMI_CONFIG_SECRET_KEYS = JSON.stringify(secrets);
  const outputs = (await program()) as Record<string, pulumi.Output<unknown>>;
  const image = await valueOf(outputs.image as pulumi.Output<string>);
  await engine.settle();
  return { engine, outputs, image };
}

describe("stack that creates a cluster", () => {
  it("goes from a cluster to a Deployment that runs a digest", async () => {
    const { engine, image } = await run({ "slipway:cluster": '{"region":"ams3"}' });
    assert.equal(image, `${registry.address}/shop/web:v1@${manifestDigest}`);
    const { inputs } = engine.single("kubernetes:apps/v1:Deployment");
    assert.equal((inputs.spec?.template?.spec?.containers as unknown as Json[])[0]?.image, image);
    assert.equal(engine.single(providerType).inputs.clusterIdentifier, "cluster-id");
  });

  it("keeps the version and the digests of its last update", async () => {
    const { engine, outputs } = await run(
      { "slipway:cluster": '{"region":"ams3"}' },
      { lastUpdate: { kubernetesVersion: "1.33.0-do.0", releases: { "shop/web:v0": "sha256:0" } } },
    );
    assert.equal(engine.single(clusterType).inputs.version, "1.33.0-do.0");
    assert.deepEqual(
      engine.calls.map((call) => call.token).filter((token) => token.includes("Versions")),
      [],
    );
    assert.deepEqual(await valueOf(outputs.releases as pulumi.Output<object>), {
      "shop/web:v0": "sha256:0",
      [`${registry.address}/shop/web:v1`]: manifestDigest,
    });
  });
});

describe("stack on an existing cluster", () => {
  it("creates no cluster, and knows it by the server of its current context", async () => {
    const { engine } = await run({ "slipway:kubeconfig": kubeconfig });
    assert.deepEqual(engine.ofType(clusterType), []);
    assert.equal(engine.single(providerType).inputs.clusterIdentifier, "https://mine.invalid");
    assert.equal(serverOf(kubeconfig), "https://mine.invalid");
  });

  it("takes the cluster of another stack", async () => {
    const { engine } = await run(
      { "slipway:clusterStack": "organization/slipway/base" },
      { lastUpdate: { kubeconfig, clusterId: "its-id" } },
    );
    assert.deepEqual(engine.ofType(clusterType), []);
    assert.equal(engine.single(providerType).inputs.clusterIdentifier, "its-id");
  });
});

describe("stack that kubectl delivers", () => {
  it("declares all but the Deployment, and gives its files and a credential for it alone", async () => {
    const { engine, outputs } = await run({
      "slipway:kubeconfig": kubeconfig,
      "slipway:engine": "kustomize",
    });
    assert.deepEqual(engine.ofType("kubernetes:apps/v1:Deployment"), []);
    engine.single("kubernetes:core/v1:Service");
    const files = (await valueOf(outputs.files as pulumi.Output<object>)) as Record<string, string>;
    assert.match(
      files["kustomization.yaml"] as string,
      new RegExp(`newTag: v1\n +digest: ${manifestDigest}\n`),
    );
    const { rules } = engine.single("kubernetes:rbac.authorization.k8s.io/v1:Role").inputs as unknown as {
      rules: { resources: string[]; verbs: string[]; resourceNames?: string[] }[];
    };
    const writes = rules.filter(({ verbs }) =>
      verbs.some((verb) => !["get", "list", "watch"].includes(verb)),
    );
    assert.deepEqual(
      writes.map(({ resources, verbs, resourceNames }) => [resources, verbs, resourceNames]),
      [
        [["deployments"], ["create"], undefined],
        [["deployments"], ["get", "patch", "update"], ["k8s-demo-go-app-deployment"]],
      ],
    );
    assert.deepEqual(
      rules.flatMap(({ resources }) => resources).filter((resource) => resource.startsWith("secret")),
      [],
    );
  });
});

describe("program", () => {
  it("fails before it registers anything, with every problem and no stack trace", async () => {
    const engine = await startEngine();
    pulumi.runtime.setAllConfig({ "slipway:imageTag": "a b", "slipway:replicas": "x" });
    await assert.rejects(program(), (error) => {
      assert.ok(pulumi.RunError.isInstance(error));
      assert.match(error.message, /^3 problems in the configuration of stack test; nothing was changed/);
      return true;
    });
    assert.deepEqual(engine.resources, []);
  });

  it("is declared in Pulumi.yaml, key by key, with the same defaults", () => {
    const declared = parse(readFileSync("Pulumi.yaml", "utf8")).config as Record<
      string,
      Record<string, unknown>
    >;
    assert.deepEqual(Object.keys(declared).sort(), Object.keys(keys).sort());
    for (const [name, key] of Object.entries(keys)) {
      assert.equal(declared[name]?.type, key.type, name);
      assert.equal(typeof declared[name]?.description, "string", name);
      const given = key.schema.safeParse(undefined);
      const unset = key.type === "object" ? {} : "";
      const fallback = given.success && typeof given.data !== "object" ? given.data : undefined;
      assert.deepEqual(declared[name]?.default, fallback ?? unset, name);
    }
  });
});
