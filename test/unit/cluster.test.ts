import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { parse } from "yaml";
import { Cluster, type ClusterArgs } from "../../components/cluster";
import { clusterKubeconfig } from "../../components/cluster/kubeconfig";
import { chooseVersion, isKept, isOlder } from "../../components/cluster/version";
import { startEngine, valueOf } from "./engine";

const clusterType = "digitalocean:index/kubernetesCluster:KubernetesCluster";
const poolType = "digitalocean:index/kubernetesNodePool:KubernetesNodePool";
const versionsToken = "digitalocean:index/getKubernetesVersions:getKubernetesVersions";

const asRunning = () => ({
  endpoint: "https://cluster.invalid",
  kubeConfigs: [{ clusterCaCertificate: "Y2E=", token: "canary-not-a-real-token" }],
});

const args = (changes: Partial<ClusterArgs> = {}): ClusterArgs => ({
  options: { region: "ams3" },
  nodePools: {},
  version: "1.34.1-do.0",
  keepVersion: false,
  protect: true,
  namespace: "default",
  ...changes,
});

const create = async (changes: Partial<ClusterArgs> = {}) => {
  const engine = await startEngine({ outputs: { [clusterType]: asRunning } });
  const cluster = new Cluster("cluster", args(changes));
  const kubeconfig = await valueOf(cluster.kubeconfig);
  await engine.settle();
  return { engine, cluster, kubeconfig };
};

describe("cluster", () => {
  it("is one small node in the region, and nothing else that was not asked for", async () => {
    const { engine } = await create();
    assert.deepEqual(engine.single(clusterType).inputs, {
      name: "slipway",
      region: "ams3",
      version: "1.34.1-do.0",
      nodePool: { name: "default", size: "s-1vcpu-2gb", nodeCount: 1 },
    });
    assert.deepEqual(engine.ofType(poolType), []);
  });

  it("hands options to the provider under their own names", async () => {
    const { engine } = await create({
      options: {
        name: "shop",
        region: "fra1",
        versionPrefix: "1.34",
        ha: true,
        autoUpgrade: true,
        maintenancePolicy: { day: "sunday", startTime: "04:00" },
        tags: ["shop"],
        vpcUuid: "vpc",
        nodePool: { size: "s-2vcpu-4gb", autoScale: true, minNodes: 1, maxNodes: 3 },
      },
    });
    const { inputs } = engine.single(clusterType);
    assert.deepEqual(inputs, {
      name: "shop",
      region: "fra1",
      version: "1.34.1-do.0",
      ha: true,
      autoUpgrade: true,
      maintenancePolicy: { day: "sunday", startTime: "04:00" },
      tags: ["shop"],
      vpcUuid: "vpc",
      nodePool: { name: "default", size: "s-2vcpu-4gb", autoScale: true, minNodes: 1, maxNodes: 3 },
    });
    assert.ok(!("versionPrefix" in inputs), "the prefix is for the look-up alone");
    assert.ok(!("nodeCount" in inputs.nodePool), "an autoscaled pool has no fixed count");
  });

  it("has further node pools", async () => {
    const { engine } = await create({
      nodePools: { big: { size: "s-8vcpu-16gb", labels: { for: "jobs" } } },
    });
    assert.deepEqual(engine.single(poolType).inputs, {
      name: "big",
      size: "s-8vcpu-16gb",
      labels: { for: "jobs" },
      nodeCount: 1,
      clusterId: "cluster-id",
    });
  });

  it("gives a secret kubeconfig that holds no token", async () => {
    const { cluster, kubeconfig } = await create();
    assert.equal(await (cluster.kubeconfig as unknown as { isSecret: Promise<boolean> }).isSecret, true);
    assert.ok(!kubeconfig.includes("canary"), "the cluster's own short-lived token is in it");
    assert.equal(parse(kubeconfig).clusters[0].cluster.server, "https://cluster.invalid");
  });
});

describe("kubeconfig of a cluster", () => {
  const address = {
    name: "shop",
    region: "ams3",
    id: "0000",
    endpoint: "https://cluster.invalid",
    certificateAuthority: "Y2E=",
    namespace: "default",
  };

  it("asks DigitalOcean for a credential at each use", () => {
    assert.equal(
      clusterKubeconfig(address),
      `apiVersion: v1
kind: Config
clusters:
  - name: do-ams3-shop
    cluster:
      server: https://cluster.invalid
      certificate-authority-data: Y2E=
users:
  - name: do-ams3-shop-slipway
    user:
      exec:
        apiVersion: client.authentication.k8s.io/v1
        command: node
        args:
          - commands/clusterCredential.mts
          - "0000"
        interactiveMode: Never
        provideClusterInfo: false
        installHint: run npm ci in Slipway's folder, and use Node.js 22.18 or newer
contexts:
  - name: do-ams3-shop
    context:
      cluster: do-ams3-shop
      user: do-ams3-shop-slipway
      namespace: default
current-context: do-ams3-shop
`,
    );
  });

  it("passes on another API and the stack's own API token", () => {
    const { exec } = parse(
      clusterKubeconfig({ ...address, apiEndpoint: "http://127.0.0.1:1", token: "canary" }),
    ).users[0].user;
    assert.deepEqual(exec.args.slice(2), ["--api-endpoint", "http://127.0.0.1:1"]);
    assert.deepEqual(exec.env, [{ name: "DIGITALOCEAN_TOKEN", value: "canary" }]);
  });
});

describe("version of a cluster", () => {
  const choose = async (choice: Parameters<typeof chooseVersion>[0], latestVersion = "1.34.5-do.1") => {
    const engine = await startEngine({ functions: { [versionsToken]: () => ({ latestVersion }) } });
    const version = await chooseVersion(choice);
    return { version, lookUps: engine.calls.map((call) => call.inputs) };
  };

  it("is the newest when the cluster is created", async () => {
    assert.deepEqual(await choose({}), { version: "1.34.5-do.1", lookUps: [{}] });
  });

  it("is the newest of the minor version asked for, which ends in a dot", async () => {
    const { lookUps } = await choose({ versionPrefix: "1.33" });
    assert.deepEqual(lookUps, [{ versionPrefix: "1.33." }]);
  });

  it("is kept then, without a look-up", async () => {
    assert.deepEqual(await choose({ running: "1.33.1-do.0" }), { version: "1.33.1-do.0", lookUps: [] });
    assert.deepEqual(await choose({ running: "1.33.1-do.0", versionPrefix: "1.33" }), {
      version: "1.33.1-do.0",
      lookUps: [],
    });
  });

  it("moves on to another minor version when asked", async () => {
    const choice = { running: "1.33.1-do.0", versionPrefix: "1.34." };
    assert.equal((await choose(choice)).version, "1.34.5-do.1");
    assert.equal(isKept(choice), false);
  });

  it("fails for an older one, which would replace the cluster", async () => {
    await assert.rejects(
      choose({ running: "1.34.1-do.0", versionPrefix: "1.33" }, "1.33.9-do.0"),
      /can't downgrade/,
    );
    await assert.rejects(choose({ running: "1.34.1-do.0", version: "1.34.0-do.3" }), /can't downgrade/);
  });

  it("fails for a minor version that is not offered", async () => {
    await assert.rejects(choose({ versionPrefix: "1.11" }, ""), /versionPrefix: received "1.11"/);
  });

  it("is compared number by number", () => {
    assert.equal(isOlder("1.9.0-do.0", "1.34.0-do.0"), true);
    assert.equal(isOlder("1.34.1-do.2", "1.34.1-do.10"), true);
    assert.equal(isOlder("1.34.1-do.2", "1.34.1-do.2"), false);
    assert.equal(isOlder("1.35.0-do.0", "1.34.9-do.9"), false);
  });
});
