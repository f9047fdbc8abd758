import assert from "node:assert/strict";
import { digitaloceanToken } from "../credentials.ts";
import { createServer } from "../digitalocean/server.ts";
import type { Fault } from "../digitalocean/faults.ts";
import { digitalocean } from "../plugins/digitalocean/digitalocean.ts";
import { waitOf } from "../plugins/digitalocean/api.ts";
import { isLower } from "../plugins/digitalocean/versions.ts";
import { unknown, type Properties } from "../plugins/provider/values.ts";
import { FakeBackend, gate } from "./digitaloceanEmulator.ts";
import { engineOf, InitFailed, type Kept } from "./pluginEngine.ts";

const cluster = "digitalocean:index/kubernetesCluster:KubernetesCluster";
const nodePool = "digitalocean:index/kubernetesNodePool:KubernetesNodePool";
const wanted = {
  name: "demo",
  region: "fra1",
  version: "1.33.12-do.1",
  nodePool: { name: "default", size: "s-1vcpu-2gb", nodeCount: 1 },
} satisfies Properties;

async function setUp() {
  const backend = new FakeBackend();
  const emulator = createServer({ backend, stepMs: 1 });
  const endpoint = await emulator.app.listen({ host: "127.0.0.1", port: 0 });
  const provider = () => digitalocean({ pollMs: 5, retryMs: 1 });
  const [clusters, pools] = [await engineOf(provider(), cluster), await engineOf(provider(), nodePool)];
  for (const engine of [clusters, pools])
    await engine.configure({ token: digitaloceanToken, apiEndpoint: endpoint });

  const { state } = emulator;
  return {
    backend,
    endpoint,
    clusters,
    pools,
    state,
    /** Inputs as a check returns them. */
    checked: async (inputs: Properties) => (await clusters.check(inputs)).inputs.values,
    /** Creates the wanted cluster. */
    created: async () => await clusters.create((await clusters.check(wanted)).inputs.values),
    fail: (fault: Partial<Fault>) =>
      void state.faults.push({ path: "", delayMs: 0, count: 1, when: "before", ...fault }),
    calls: () => state.calls.splice(0).map(({ method, path }) => `${method} ${path}`),
    async close() {
      clusters.close();
      pools.close();
      await emulator.app.close();
    },
  };
}

describe("stand-in digitalocean provider", () => {
  let lab: Awaited<ReturnType<typeof setUp>>;
  beforeEach(async () => void (lab = await setUp()));
  afterEach(() => lab.close());

  describe("check", () => {
    it("adds the official provider's defaults, and says which they are", async () => {
      const { inputs, failures } = await lab.clusters.check(wanted);
      assert.deepEqual(failures, []);
      assert.deepEqual(inputs.values, {
        ...wanted,
        nodePool: { ...wanted.nodePool, autoScale: false, __defaults: ["autoScale"] },
        autoUpgrade: false,
        destroyAllAssociatedResources: false,
        registryIntegration: false,
        surgeUpgrade: true,
        __defaults: ["autoUpgrade", "destroyAllAssociatedResources", "registryIntegration", "surgeUpgrade"],
      });
    });

    it("chooses a name once", async () => {
      const { name: _, ...unnamed } = wanted;
      const first = (await lab.clusters.check(unnamed)).inputs.values;
      assert.match(first.name as string, /^thing-[0-9a-f]{7}$/);
      const other = { ...first, name: "thing-0000000" };
      assert.equal((await lab.clusters.check(unnamed, other)).inputs.values.name, "thing-0000000");
    });

    it("keeps unknown values and secrets as they are", async () => {
      const news: Properties = { ...wanted, region: unknown, tags: ["a"] };
      const { inputs, failures } = await lab.clusters.check(news, {}, ["/tags/0"]);
      assert.deepEqual(failures, []);
      assert.equal(inputs.values.region, unknown);
      assert.deepEqual(inputs.secrets, ["/tags/0"]);
    });

    it("fails for each wrong property, and shows no secret", async () => {
      const news = {
        name: "demo",
        region: 7,
        verison: "1.33",
        status: "running",
        tags: "canary-secret",
        nodePool: { name: "default", size: "s-1vcpu-2gb", nodeCount: 0, minNodes: 3, maxNodes: 2 },
      };
      const { failures } = await lab.clusters.check(news, {}, ["/tags"]);
      assert.deepEqual(failures, [
        "region: must be a string, received 7",
        "status: is an output; remove it",
        "tags: must be a list, received a secret of another type",
        "verison: is no property; check the spelling",
        "version: is missing; it has no default",
      ]);
      const { failures: counts } = await lab.clusters.check({ ...wanted, nodePool: news.nodePool });
      assert.deepEqual(counts, [
        "nodePool.nodeCount: must be at least 1, received 0",
        "nodePool.minNodes: must not exceed maxNodes (2), received 3",
      ]);
      assert.deepEqual((await lab.clusters.check({ ...wanted, registryIntegration: true })).failures, [
        "registryIntegration: is not in this stand-in; remove it, or use the official plugin",
      ]);
    });
  });

  describe("create", () => {
    it("previews with everything unknown that DigitalOcean chooses, and calls nothing", async () => {
      const { id, state, secrets } = await lab.clusters.create(await lab.checked(wanted), { preview: true });
      assert.equal(id, "");
      assert.equal(state.name, "demo");
      assert.equal(state.endpoint, unknown);
      assert.equal(state.vpcUuid, unknown);
      assert.equal((state.nodePool as Properties).id, unknown);
      assert.equal((state.nodePool as Properties).nodeCount, 1);
      assert.deepEqual(secrets, ["/kubeConfigs"]);
      assert.deepEqual(lab.calls(), []);
    });

    it("asks for the cluster, waits until it runs, and fetches credentials", async () => {
      const { closed, open } = gate();
      lab.backend.gate = closed;
      const creating = lab.created();
      while (!lab.clusters.lines.length) await new Promise((resolve) => setTimeout(resolve, 5));
      assert.deepEqual(lab.clusters.lines, ["cluster is provisioning"]);
      open();
      const { id, state, secrets } = await creating;
      assert.equal(state.status, "running");
      assert.equal(state.endpoint, "https://127.0.0.1:7713");
      assert.deepEqual(secrets, ["/kubeConfigs"]);
      const [config] = state.kubeConfigs as Properties[];
      assert.deepEqual(Object.keys(config ?? {}).sort(), [
        "clientCertificate",
        "clientKey",
        "clusterCaCertificate",
        "expiresAt",
        "host",
        "rawConfig",
        "token",
      ]);
      assert.equal(config?.clusterCaCertificate, "bm8tY2VydGlmaWNhdGU=");
      const [pool] = lab.state.data.clusters[0]?.node_pools ?? [];
      assert.ok(pool?.tags.includes("terraform:default-node-pool"));
      assert.deepEqual((state.nodePool as Properties).tags, []);
      const path = `/v2/kubernetes/clusters/${id}`;
      const calls = lab.calls();
      assert.equal(calls[0], "POST /v2/kubernetes/clusters");
      assert.equal(calls.at(-1), `GET ${path}/credentials?expiry_seconds=0`);
      assert.deepEqual([...new Set(calls.slice(1, -1))], [`GET ${path}`]);
    });

    it("fails with id and state where the cluster does not come up; the next update goes on", async () => {
      lab.backend.failure = new Error("no room");
      const error = await lab.created().then(
        () => assert.fail("created"),
        (reason: unknown) => reason,
      );
      assert.ok(error instanceof InitFailed);
      const { kept, message } = error;
      assert.equal(message, `DigitalOcean: cluster ${kept.id} is in state "error": no room`);
      assert.equal(kept.id, lab.state.data.clusters[0]?.id);
      assert.equal(kept.state.name, "demo");
      assert.deepEqual(kept.inputs.__defaults, (await lab.checked(wanted)).__defaults);

      const [there] = lab.state.data.clusters;
      assert.ok(there);
      there.status = { state: "running" };
      lab.state.data.connections[there.id] = {
        server: "https://127.0.0.1:1",
        certificateAuthorityData: "eA==",
      };
      const { state } = await lab.clusters.update(kept, kept.inputs);
      assert.equal(state.status, "running");
      assert.equal((state.kubeConfigs as unknown[]).length, 1);
      assert.equal(lab.state.data.clusters.length, 1);
    });

    it("fails with id and state when it is interrupted", async () => {
      const { closed, open } = gate();
      lab.backend.gate = closed;
      const creating = lab.created();
      while (!lab.clusters.lines.length) await new Promise((resolve) => setTimeout(resolve, 5));
      await lab.clusters.cancel();
      await assert.rejects(creating, (error: InitFailed) => {
        assert.equal(error.message, "interrupted");
        assert.equal(error.kept.id, lab.state.data.clusters[0]?.id);
        assert.equal(error.kept.state.status, "provisioning");
        return true;
      });
      open();
    });

    it("fails with id and state when it is interrupted before the answer to its creation", async () => {
      lab.fail({ method: "POST", delayMs: 100 });
      const { closed, open } = gate();
      lab.backend.gate = closed;
      const creating = lab.created();
      setTimeout(() => void lab.clusters.cancel(), 50);
      await assert.rejects(creating, (error: InitFailed) => {
        assert.equal(error.message, "interrupted");
        assert.equal(error.kept.id, lab.state.data.clusters[0]?.id);
        return true;
      });
      open();
    });

    it("fails with id and state when customTimeouts are over", async () => {
      const { closed, open } = gate();
      lab.backend.gate = closed;
      const inputs = await lab.checked(wanted);
      await assert.rejects(lab.clusters.create(inputs, { timeout: 0.1 }), (error: InitFailed) => {
        assert.equal(error.message, "not done after 0.1 s, the resource's customTimeouts");
        assert.equal(error.kept.id, lab.state.data.clusters[0]?.id);
        return true;
      });
      open();
    });

    it("keeps the cluster if the answer to its creation was lost", async () => {
      lab.fail({ method: "POST", status: 502, when: "after" });
      const { id } = await lab.created();
      assert.deepEqual(
        lab.state.data.clusters.map((one) => one.id),
        [id],
      );
    });

    it("fails where a killed update left the cluster, and says how to take it over", async () => {
      const { id } = await lab.created();
      await assert.rejects(lab.created(), (error: Error) => {
        assert.match(error.message, /^DigitalOcean: POST \S+: 422 .*already exists \(request [\w-]+\);/);
        assert.ok(error.message.includes(`KubernetesCluster <name> ${id} --generate-code=false`));
        return true;
      });
    });
  });

  describe("diff", () => {
    const pool = (change: Properties) => ({ ...wanted, nodePool: { ...wanted.nodePool, ...change } });
    const cases: [string, Properties, string[], string[]][] = [
      ["nothing", wanted, [], []],
      ["region", { ...wanted, region: "ams3" }, ["region"], ["region"]],
      ["an unknown region", { ...wanted, region: unknown }, ["region"], ["region"]],
      ["vpcUuid", { ...wanted, vpcUuid: "x" }, ["vpcUuid"], ["vpcUuid"]],
      ["clusterSubnet", { ...wanted, clusterSubnet: "10.0.0.0/16" }, ["clusterSubnet"], ["clusterSubnet"]],
      ["serviceSubnet", { ...wanted, serviceSubnet: "10.1.0.0/19" }, ["serviceSubnet"], ["serviceSubnet"]],
      ["a size", pool({ size: "s-2vcpu-2gb" }), ["nodePool.size"], ["nodePool"]],
      ["a lower version", { ...wanted, version: "1.32.15-do.2" }, ["version"], ["version"]],
      ["a higher version", { ...wanted, version: "1.34.10-do.0" }, ["version"], []],
      ["a number of nodes", pool({ nodeCount: 2 }), ["nodePool.nodeCount"], []],
      ["labels", pool({ labels: { a: "b" } }), ["nodePool.labels"], []],
      ["a name", { ...wanted, name: "other" }, ["name"], []],
      ["tags", { ...wanted, tags: ["a"] }, ["tags"], []],
      ["high availability", { ...wanted, ha: true }, ["ha"], []],
    ];
    it("replaces and updates as the official provider", async () => {
      const kept = await lab.created();
      for (const [what, news, changes, replaces] of cases) {
        const found = await lab.clusters.diff(kept, await lab.checked(news));
        assert.deepEqual(found, { changes, replaces, deleteBeforeReplace: replaces.length > 0 }, what);
      }
    });

    it("heeds ignoreChanges after DigitalOcean's own upgrade", async () => {
      const kept = await lab.created();
      const upgraded: Kept = { ...kept, state: { ...kept.state, version: "1.34.10-do.0" } };
      assert.deepEqual((await lab.clusters.diff(upgraded, kept.inputs)).replaces, ["version"]);
      assert.deepEqual((await lab.clusters.diff(upgraded, kept.inputs, ["version"])).changes, []);
      await lab.clusters.update(upgraded, { ...kept.inputs, tags: ["a"] }, { ignored: ["version"] });
      assert.ok(!lab.calls().some((call) => call.endsWith("/upgrade")));
    });

    it("orders versions by their numbers", () => {
      assert.ok(isLower("1.9.12-do.1", "1.34.1-do.0"));
      assert.ok(isLower("1.34.1-do.0", "1.34.1-do.1"));
      assert.ok(!isLower("1.34.1-do.1", "1.34.1-do.1"));
    });
  });

  describe("update, refresh, delete", () => {
    it("changes what differs, and no more", async () => {
      const kept = await lab.created();
      const path = `/v2/kubernetes/clusters/${kept.id}`;
      const poolPath = `${path}/node_pools/${lab.state.data.clusters[0]?.node_pools[0]?.id}`;
      const writes = () => lab.calls().filter((call) => !call.startsWith("GET"));
      lab.calls();

      const grown = { ...wanted, nodePool: { ...wanted.nodePool, nodeCount: 2 } };
      const second = await lab.clusters.update(kept, await lab.checked(grown));
      assert.deepEqual(writes(), [`PUT ${poolPath}`]);
      assert.equal((second.state.nodePool as Properties).nodeCount, 2);
      assert.deepEqual(second.state.kubeConfigs, kept.state.kubeConfigs);

      const tagged = await lab.clusters.update(second, await lab.checked({ ...grown, tags: ["b", "a"] }));
      assert.deepEqual(writes(), [`PUT ${path}`]);
      assert.deepEqual(
        (await lab.clusters.diff(tagged, await lab.checked({ ...grown, tags: ["a", "b"] }))).changes,
        [],
      );

      const newer = { ...grown, tags: ["a", "b"], version: "1.34.10-do.0" };
      const third = await lab.clusters.update(tagged, await lab.checked(newer));
      assert.deepEqual(writes(), [`POST ${path}/upgrade`]);
      assert.equal(third.state.version, "1.34.10-do.0");
      assert.equal(third.state.status, "running");
    });

    it("mints credentials in a refresh once those it has have expired", async () => {
      const kept = await lab.created();
      lab.calls();
      const same = await lab.clusters.read(kept);
      assert.deepEqual(same?.state, kept.state);
      assert.deepEqual(same?.inputs, kept.inputs);
      assert.deepEqual(lab.calls(), [`GET /v2/kubernetes/clusters/${kept.id}`]);
      const [config] = kept.state.kubeConfigs as Properties[];
      const expired = [{ ...config, expiresAt: "2020-01-01T00:00:00Z" }];
      const fresh = await lab.clusters.read({ ...kept, state: { ...kept.state, kubeConfigs: expired } });
      assert.equal(lab.calls().filter((call) => call.includes("/credentials?")).length, 1);
      assert.notDeepEqual(fresh?.state.kubeConfigs, expired);
      assert.deepEqual(fresh?.secrets, ["/kubeConfigs"]);
    });

    it("imports by id, with inputs that differ from nothing", async () => {
      const { id } = await lab.created();
      const imported = await lab.clusters.read({ id });
      assert.ok(imported);
      assert.equal((imported.state.kubeConfigs as unknown[]).length, 1);
      assert.deepEqual((await lab.clusters.diff(imported, await lab.checked(wanted))).changes, []);
      assert.deepEqual((await lab.clusters.check(imported.inputs)).failures, []);
    });

    it("waits until a deleted cluster is gone, and takes one that is gone as deleted", async () => {
      const kept = await lab.created();
      await lab.clusters.delete(kept);
      assert.equal(lab.state.data.clusters.length, 0);
      await lab.clusters.delete(kept);
      assert.equal(await lab.clusters.read(kept), undefined);
    });
  });

  it("creates, changes, refreshes, imports and deletes a node pool", async () => {
    const { id: clusterId } = await lab.created();
    const inputs = async (more: Properties = {}) =>
      (await lab.pools.check({ clusterId, size: "s-1vcpu-2gb", nodeCount: 2, ...more })).inputs.values;
    const kept = await lab.pools.create(await inputs());
    assert.match(kept.state.name as string, /^thing-/);
    assert.equal((kept.state.nodes as unknown[]).length, 2);
    assert.deepEqual((await lab.pools.read(kept))?.state, kept.state);
    assert.equal((await lab.pools.read({ id: kept.id }))?.state.clusterId, clusterId);

    const scaled = await inputs({ autoScale: true, minNodes: 1, maxNodes: 3 });
    const diff = await lab.pools.diff(kept, scaled);
    assert.deepEqual(diff.changes, ["autoScale", "maxNodes", "minNodes"]);
    const second = await lab.pools.update(kept, scaled);
    const moved = { ...second, state: { ...second.state, nodeCount: 3 } };
    assert.deepEqual((await lab.pools.diff(moved, scaled)).changes, []);
    assert.deepEqual((await lab.pools.diff(second, { ...scaled, size: "s-2vcpu-2gb" })).replaces, ["size"]);

    await lab.pools.delete(second);
    assert.equal(await lab.pools.read(second), undefined);
  });

  describe("functions", () => {
    it("looks up versions by prefix", async () => {
      const token = "digitalocean:index/getKubernetesVersions:getKubernetesVersions";
      const { values } = await lab.clusters.invoke(token, { versionPrefix: "1.33." });
      assert.equal(values.latestVersion, "1.33.12-do.1");
      assert.deepEqual(values.validVersions, ["1.33.12-do.1"]);
      assert.equal((await lab.clusters.invoke(token, { versionPrefix: "9." })).values.latestVersion, "");
      assert.deepEqual((await lab.clusters.invoke(token, { versionPrefix: 9 })).failures, [
        "versionPrefix: must be a string, received 9",
      ]);
    });

    it("finds a cluster by name, its kubeconfig secret", async () => {
      const token = "digitalocean:index/getKubernetesCluster:getKubernetesCluster";
      const { id } = await lab.created();
      const { values, secrets } = await lab.clusters.invoke(token, { name: "demo" });
      assert.equal(values.id, id);
      assert.deepEqual(secrets, ["/kubeConfigs"]);
      await assert.rejects(lab.clusters.invoke(token, { name: "other" }), {
        message: 'DigitalOcean: no cluster with the name "other"; there is "demo"',
      });
    });

    it("fails for a function that only the official provider has", async () => {
      await assert.rejects(
        lab.clusters.invoke("digitalocean:index/getVpc:getVpc", {}),
        /^Error: digitalocean \(stand-in\): no function/,
      );
    });
  });

  describe("errors", () => {
    const versions = "digitalocean:index/getKubernetesVersions:getKubernetesVersions";
    it("repeats after a rate limit and server errors, and then fails on one line", async () => {
      lab.fail({ status: 429 });
      lab.fail({ status: 503 });
      await lab.clusters.invoke(versions, {});
      assert.equal(lab.calls().length, 3);
      lab.fail({ status: 500, count: 9, body: { id: "server_error", message: "a\nb", request_id: "r1" } });
      await assert.rejects(lab.clusters.invoke(versions, {}), {
        message: "DigitalOcean: GET /v2/kubernetes/options: 500 a b (request r1)",
      });
      assert.equal(lab.calls().length, 5);
    });

    it("waits as long as DigitalOcean says", () => {
      const now = 1_000_000;
      assert.equal(waitOf(503, new Headers({ "retry-after": "2" }), now), 2000);
      assert.equal(
        waitOf(429, new Headers({ "ratelimit-reset": "1003", "ratelimit-remaining": "0" }), now),
        3000,
      );
      assert.equal(
        waitOf(500, new Headers({ "ratelimit-reset": "1003", "ratelimit-remaining": "0" }), now),
        undefined,
      );
    });

    it("fails without a token or with a wrong one, and never shows it", async () => {
      await lab.clusters.configure({ token: "canary-token", apiEndpoint: lab.endpoint });
      await assert.rejects(lab.clusters.invoke(versions, {}), (error: Error) => {
        assert.match(error.message, /401 Unable to authenticate you \(request /);
        assert.ok(!error.message.includes("canary"));
        return true;
      });
    });

    it("fails in one line where the API can't be reached", async () => {
      await lab.clusters.configure({ token: "canary-token", apiEndpoint: "http://127.0.0.1:1" });
      await assert.rejects(
        lab.clusters.invoke(versions, {}),
        /^Error: DigitalOcean: GET \/v2\/kubernetes\/options: http:\/\/127\.0\.0\.1:1 can't be reached: .+$/,
      );
    });
  });
});
