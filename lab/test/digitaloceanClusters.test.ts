import assert from "node:assert/strict";
import { nodeLabels } from "../digitalocean/backend.ts";
import type { Cluster } from "../digitalocean/state.ts";
import { clusterRequest, emulator, gate } from "./digitaloceanEmulator.ts";

const clusters = "/v2/kubernetes/clusters";
interface One {
  kubernetes_cluster: Cluster;
}

describe("emulated DigitalOcean: clusters", () => {
  it("is provisioning while the backend starts it, then running, and gone once it has ended", async () => {
    const { backend, expect, lifecycle } = emulator();
    const start = gate();
    backend.gate = start.closed;
    const created = (await expect<One>(201, "POST", clusters, clusterRequest)).kubernetes_cluster;
    assert.deepEqual(created.status, { state: "provisioning", message: "provisioning" });
    assert.equal(created.endpoint, "");
    const url = `${clusters}/${created.id}`;
    const waiting = (await expect<One>(200, "GET", url)).kubernetes_cluster;
    assert.equal(waiting.status.state, "provisioning");
    assert.equal(waiting.node_pools[0]?.nodes[0]?.status.state, "provisioning");

    start.open();
    await lifecycle.idle();
    const running = (await expect<One>(200, "GET", url)).kubernetes_cluster;
    assert.deepEqual(running.status, { state: "running" });
    assert.equal(running.endpoint, "https://127.0.0.1:7713");
    assert.equal(running.ipv4, "127.0.0.1");
    assert.equal(running.node_pools[0]?.nodes[0]?.status.state, "running");

    const stop = gate();
    backend.gate = stop.closed;
    await expect(204, "DELETE", url);
    assert.equal((await expect<One>(200, "GET", url)).kubernetes_cluster.status.state, "deleting");
    await expect(204, "DELETE", url);
    stop.open();
    await lifecycle.idle();
    await expect(404, "GET", url);
    assert.deepEqual(backend.asked, ["start demo", "stop demo"]);
  });

  it("keeps what was asked for, under the API's own names", async () => {
    const { runningCluster } = emulator();
    const cluster = await runningCluster({
      ...clusterRequest,
      version: "1.33",
      tags: ["team:web"],
      auto_upgrade: true,
      surge_upgrade: true,
      ha: true,
      maintenance_policy: { day: "sunday", start_time: "04:00", duration: "" },
      control_plane_firewall: { enabled: true, allowed_addresses: ["192.0.2.1"] },
      cluster_autoscaler_configuration: { scale_down_unneeded_time: "1m30s", expanders: ["priority"] },
      node_pools: [
        { name: "one", size: "s-2vcpu-4gb", count: 2, tags: ["terraform:default-node-pool"] },
        { name: "two", size: "c-2", auto_scale: true, min_nodes: 2, max_nodes: 4, labels: { a: "b" } },
      ],
    });
    assert.equal(cluster.version, "1.33.12-do.1");
    assert.deepEqual(cluster.tags, ["team:web", "k8s", `k8s:${cluster.id}`]);
    assert.deepEqual(cluster.maintenance_policy, { day: "sunday", start_time: "04:00", duration: "4h0m0s" });
    assert.deepEqual([cluster.auto_upgrade, cluster.surge_upgrade, cluster.ha], [true, true, true]);
    assert.equal(cluster.ipv4, "", "a highly available control plane has no address of its own");
    assert.deepEqual(cluster.control_plane_firewall, { enabled: true, allowed_addresses: ["192.0.2.1"] });
    const [one, two] = cluster.node_pools;
    assert.deepEqual(one?.tags, ["terraform:default-node-pool", "k8s", `k8s:${cluster.id}`, "k8s:worker"]);
    assert.deepEqual([one?.count, one?.nodes.length, one?.auto_scale], [2, 2, false]);
    assert.deepEqual([two?.count, two?.nodes.length, two?.min_nodes, two?.max_nodes], [2, 2, 2, 4]);
    assert.deepEqual(two?.labels, { a: "b" });
    assert.match(one?.nodes[1]?.name ?? "", /^one-[0-9a-f]{5}$/);
  });

  it("updates settings and leaves the rest", async () => {
    const { expect, runningCluster } = emulator();
    const before = await runningCluster();
    const { kubernetes_cluster: after } = await expect<One>(202, "PUT", `${clusters}/${before.id}`, {
      name: "renamed",
      tags: ["new"],
      auto_upgrade: true,
    });
    assert.deepEqual(after, {
      ...before,
      name: "renamed",
      tags: ["new", "k8s", `k8s:${before.id}`],
      auto_upgrade: true,
      updated_at: after.updated_at,
    });
  });

  it("upgrades to a newer patch or the next minor version, and offers only those", async () => {
    const { expect, lifecycle, runningCluster } = emulator();
    const { id } = await runningCluster({ ...clusterRequest, version: "1.32.15-do.2" });
    const url = `${clusters}/${id}`;
    const offered = async () =>
      (
        await expect<{ available_upgrade_versions: { slug: string }[] }>(200, "GET", `${url}/upgrades`)
      ).available_upgrade_versions.map((version) => version.slug);
    assert.deepEqual(await offered(), ["1.33.12-do.1"]);
    await expect(422, "POST", `${url}/upgrade`, { version: "1.34.10-do.0" });

    await expect(202, "POST", `${url}/upgrade`, { version: "1.33.12-do.1" });
    const upgrading = (await expect<One>(200, "GET", url)).kubernetes_cluster;
    assert.deepEqual([upgrading.status.state, upgrading.version], ["upgrading", "1.32.15-do.2"]);
    await expect(422, "POST", `${url}/upgrade`, { version: "1.33.12-do.1" });
    await lifecycle.idle();
    const upgraded = (await expect<One>(200, "GET", url)).kubernetes_cluster;
    assert.deepEqual([upgraded.status.state, upgraded.version], ["running", "1.33.12-do.1"]);
    assert.deepEqual(await offered(), ["1.34.10-do.0"]);
    await expect(422, "POST", `${url}/upgrade`, { version: "1.32.15-do.2" });
  });

  it("fails a second cluster, but takes one while the first is being deleted", async () => {
    const { backend, expect, lifecycle, runningCluster } = emulator();
    const { id } = await runningCluster();
    const second = { ...clusterRequest, name: "second" };
    const refused = await expect(422, "POST", clusters, second);
    assert.equal(refused.id, "unprocessable_entity");
    assert.match(refused.message, /limit reached/);

    const stop = gate();
    backend.gate = stop.closed;
    await expect(204, "DELETE", `${clusters}/${id}`);
    await expect(201, "POST", clusters, second);
    stop.open();
    await lifecycle.idle();
    assert.deepEqual(backend.asked, ["start demo", "stop demo", "start second"]);
  });

  it("ends a cluster that is deleted before it runs", async () => {
    const { backend, expect, lifecycle } = emulator();
    const start = gate();
    backend.gate = start.closed;
    const { id } = (await expect<One>(201, "POST", clusters, clusterRequest)).kubernetes_cluster;
    await expect(204, "DELETE", `${clusters}/${id}`);
    start.open();
    await lifecycle.idle();
    assert.deepEqual(backend.asked, ["start demo", "stop demo"]);
    await expect(404, "GET", `${clusters}/${id}`);
  });

  it("fails visibly when the backend can't start it, and can be deleted then", async () => {
    const { backend, expect, lifecycle, logged } = emulator();
    backend.failure = new Error("etcd ended early");
    const { id } = (await expect<One>(201, "POST", clusters, clusterRequest)).kubernetes_cluster;
    await lifecycle.idle();
    const { status } = (await expect<One>(200, "GET", `${clusters}/${id}`)).kubernetes_cluster;
    assert.deepEqual(status, { state: "error", message: "etcd ended early" });
    assert.deepEqual(logged, [`cluster ${id}: etcd ended early`]);
    const { messages } = await expect<{ messages: { message: string }[] }>(
      200,
      "GET",
      `${clusters}/${id}/status_messages`,
    );
    assert.equal(messages[0]?.message, "etcd ended early");
    backend.failure = undefined;
    await expect(204, "DELETE", `${clusters}/${id}`);
    await lifecycle.idle();
    await expect(404, "GET", `${clusters}/${id}`);
  });

  it("destroys a cluster along with the nothing that belongs to it", async () => {
    for (const way of ["selective", "dangerous"]) {
      const { expect, lifecycle, runningCluster } = emulator();
      const { id } = await runningCluster();
      const url = `${clusters}/${id}/destroy_with_associated_resources`;
      assert.deepEqual(await expect(200, "GET", url), {
        load_balancers: [],
        volumes: [],
        volume_snapshots: [],
      });
      await expect(204, "DELETE", `${url}/${way}`, way === "selective" ? { load_balancers: [] } : undefined);
      await lifecycle.idle();
      await expect(404, "GET", url);
    }
  });

  it("lists clusters by pages", async () => {
    const { expect, runningCluster } = emulator();
    const url = `${clusters}?page=1&per_page=1`;
    assert.deepEqual(await expect(200, "GET", url), {
      kubernetes_clusters: [],
      links: {},
      meta: { total: 0 },
    });
    const cluster = await runningCluster();
    assert.deepEqual(await expect(200, "GET", url), {
      kubernetes_clusters: [cluster],
      links: {},
      meta: { total: 1 },
    });
  });

  it("answers 404 for every path below a cluster that is not there", async () => {
    const { expect } = emulator();
    const url = `${clusters}/5119a9ac-c0de-4000-8000-00000000dead`;
    const paths = ["", "/credentials", "/kubeconfig", "/upgrades", "/node_pools", "/node_pools/x", "/user"];
    for (const path of paths) assert.equal((await expect(404, "GET", url + path)).id, "not_found", path);
    await expect(404, "PUT", url, { name: "x" });
    await expect(404, "DELETE", url);
    await expect(404, "POST", `${url}/upgrade`, { version: "1.34.10-do.0" });
  });

  it("gives the real node DigitalOcean's labels, as far as a kubelet may set them", async () => {
    const { runningCluster } = emulator();
    const cluster = await runningCluster({
      ...clusterRequest,
      node_pools: [
        {
          name: "default",
          size: "s-1vcpu-2gb",
          count: 1,
          labels: { team: "web", "node-role.kubernetes.io/edge": "" },
        },
      ],
    });
    const [pool] = cluster.node_pools;
    assert.deepEqual(nodeLabels(cluster), {
      team: "web",
      "doks.digitalocean.com/managed": "true",
      "doks.digitalocean.com/node-id": pool?.nodes[0]?.id,
      "doks.digitalocean.com/node-pool": "default",
      "doks.digitalocean.com/node-pool-id": pool?.id,
      "doks.digitalocean.com/version": "1.34.10-do.0",
      "node.kubernetes.io/instance-type": "s-1vcpu-2gb",
      "topology.kubernetes.io/region": "fra1",
      region: "fra1",
    });
  });
});
