import assert from "node:assert/strict";
import type { Node, NodePool } from "../digitalocean/state.ts";
import { emulator } from "./digitaloceanEmulator.ts";

interface One {
  node_pool: NodePool;
}
const states = (nodes: Node[]) => nodes.map((node) => node.status.state);

describe("emulated DigitalOcean: node pools", () => {
  async function withCluster() {
    const lab = emulator();
    const cluster = await lab.runningCluster();
    return { ...lab, cluster, pools: `/v2/kubernetes/clusters/${cluster.id}/node_pools` };
  }

  it("adds a pool whose nodes come up, lists, shows and deletes it", async () => {
    const { cluster, expect, lifecycle, pools } = await withCluster();
    const { node_pool: added } = await expect<One>(201, "POST", pools, {
      name: "extra",
      size: "s-2vcpu-2gb",
      count: 2,
      taints: [{ key: "dedicated", value: "batch", effect: "NoSchedule" }],
    });
    assert.deepEqual(states(added.nodes), ["provisioning", "provisioning"]);
    await lifecycle.idle();
    const { node_pool: shown } = await expect<One>(200, "GET", `${pools}/${added.id}`);
    assert.deepEqual(states(shown.nodes), ["running", "running"]);
    assert.deepEqual(shown.taints, [{ key: "dedicated", value: "batch", effect: "NoSchedule" }]);
    const { node_pools } = await expect<{ node_pools: NodePool[] }>(200, "GET", pools);
    assert.deepEqual(node_pools, [cluster.node_pools[0], shown]);
    await expect(204, "DELETE", `${pools}/${added.id}`);
    await expect(404, "GET", `${pools}/${added.id}`);
  });

  it("scales up and down", async () => {
    const { cluster, expect, lifecycle, pools } = await withCluster();
    const [first] = cluster.node_pools;
    const url = `${pools}/${first?.id}`;
    const up = (await expect<One>(202, "PUT", url, { count: 3 })).node_pool;
    assert.equal(up.count, 3);
    assert.deepEqual(states(up.nodes), ["running", "provisioning", "provisioning"]);
    await lifecycle.idle();
    const down = (await expect<One>(202, "PUT", url, { count: 1 })).node_pool;
    assert.deepEqual(states(down.nodes), ["running", "deleting", "deleting"]);
    await lifecycle.idle();
    const { node_pool: settled } = await expect<One>(200, "GET", url);
    assert.deepEqual(settled.nodes, first?.nodes, "the oldest node stays");
  });

  it("turns autoscaling on and off again", async () => {
    const { cluster, expect, pools } = await withCluster();
    const url = `${pools}/${cluster.node_pools[0]?.id}`;
    const on = { name: "default", auto_scale: true, min_nodes: 2, max_nodes: 5 };
    const scaled = (await expect<One>(202, "PUT", url, on)).node_pool;
    assert.deepEqual([scaled.count, scaled.min_nodes, scaled.max_nodes], [2, 2, 5]);
    const fixed = (await expect<One>(202, "PUT", url, { auto_scale: false, count: 1 })).node_pool;
    assert.deepEqual([fixed.count, fixed.auto_scale, fixed.min_nodes, fixed.max_nodes], [1, false, 0, 0]);
  });

  it("changes labels, taints, tags and the name, and leaves what it was not told", async () => {
    const { cluster, expect, pools } = await withCluster();
    const url = `${pools}/${cluster.node_pools[0]?.id}`;
    const request = { name: "web", labels: { a: "b" }, tags: ["x"] };
    const { node_pool: changed } = await expect<One>(202, "PUT", url, request);
    assert.deepEqual(changed, {
      ...cluster.node_pools[0],
      ...request,
      tags: ["x", "k8s", `k8s:${cluster.id}`, "k8s:worker"],
    });
  });

  it("deletes a node, replaces a node, recycles nodes", async () => {
    const { cluster, expect, lifecycle, pools } = await withCluster();
    const url = `${pools}/${cluster.node_pools[0]?.id}`;
    const pool = async () => {
      await lifecycle.idle();
      return (await expect<One>(200, "GET", url)).node_pool;
    };
    await expect(202, "PUT", url, { count: 3 });
    const [first, second, third] = (await pool()).nodes;
    await expect(202, "DELETE", `${url}/nodes/${second?.id}`);
    assert.deepEqual((await pool()).nodes, [first, third]);
    await expect(202, "DELETE", `${url}/nodes/${third?.id}?replace=1`);
    const replaced = await pool();
    assert.equal(replaced.count, 2);
    assert.ok(replaced.nodes.every((node) => node.id !== third?.id));
    await expect(202, "POST", `${url}/recycle`, { nodes: [first?.id] });
    const recycled = await pool();
    assert.equal(recycled.nodes.length, 2);
    assert.ok(recycled.nodes.every((node) => node.id !== first?.id));
    await expect(404, "DELETE", `${url}/nodes/${first?.id}`);
  });

  it("fails to delete a cluster's last pool", async () => {
    const { cluster, expect, pools } = await withCluster();
    const refused = await expect(422, "DELETE", `${pools}/${cluster.node_pools[0]?.id}`);
    assert.match(refused.message, /last node pool/);
  });
});
