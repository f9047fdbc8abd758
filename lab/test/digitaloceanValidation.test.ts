import assert from "node:assert/strict";
import { clusterRequest, emulator } from "./digitaloceanEmulator.ts";

const pool = clusterRequest.node_pools[0];
const withPool = (change: object) => ({ node_pools: [{ ...pool, ...change }] });

describe("emulated DigitalOcean: requests that fail with 422", () => {
  const creations: [string, object, RegExp][] = [
    ["no name", { name: undefined }, /name: is required/],
    ["a name in capitals", { name: "Demo" }, /name: must consist of lower case .* got "Demo"/],
    ["an empty name", { name: "" }, /name: /],
    ["a name that ends in a dash", { name: "demo-" }, /name: /],
    ["a name of 64 characters", { name: "a".repeat(64) }, /name: .*63/],
    ["no region", { region: undefined }, /region: is required/],
    ["an unknown region", { region: "mars1" }, /region: invalid region slug "mars1"/],
    ["no version", { version: undefined }, /version: is required/],
    ["an unknown version", { version: "1.99.0-do.0" }, /invalid version slug "1.99.0-do.0"/],
    ["half a minor version", { version: "1.3" }, /invalid version slug "1.3"/],
    ["no node pools", { node_pools: undefined }, /node_pools: at least one/],
    ["an empty list of node pools", { node_pools: [] }, /node_pools: at least one/],
    ["an unknown size", withPool({ size: "xxl" }), /node_pools.0.size: invalid size slug "xxl"/],
    ["a size too small for a node", withPool({ size: "s-1vcpu-1gb" }), /invalid size slug/],
    ["a pool without a name", withPool({ name: undefined }), /node_pools.0.name: is required/],
    ["no nodes", withPool({ count: 0 }), /count must be at least 1, got 0/],
    ["a negative number of nodes", withPool({ count: -1 }), /count must not be negative, got -1/],
    ["half a node", withPool({ count: 1.5 }), /count must be a whole number, got 1.5/],
    ["more nodes than Droplets", withPool({ count: 26 }), /26 nodes exceed the droplet limit of 25/],
    ["autoscaling without a maximum", withPool({ auto_scale: true }), /max_nodes must be at least 1/],
    [
      "autoscaling upside down",
      withPool({ auto_scale: true, min_nodes: 3, max_nodes: 2 }),
      /min_nodes \(3\) must not exceed max_nodes \(2\)/,
    ],
    [
      "a count outside of the autoscaler's limits",
      withPool({ auto_scale: true, count: 9, min_nodes: 1, max_nodes: 2 }),
      /count \(9\) must be between/,
    ],
    ["two pools of one name", { node_pools: [pool, pool] }, /"default" is used twice/],
    [
      "a taint with another effect",
      withPool({ taints: [{ key: "a", value: "b", effect: "Never" }] }),
      /effect/,
    ],
    ["labels that are no map", withPool({ labels: ["a"] }), /labels/],
    ["a tag with a space", { tags: ["a b"] }, /a tag may contain .* got "a b"/],
    ["another day", { maintenance_policy: { day: "someday", start_time: "04:00" } }, /got "someday"/],
    ["another time", { maintenance_policy: { day: "any", start_time: "25:00" } }, /got "25:00"/],
    ["a VPC that is no UUID", { vpc_uuid: "default" }, /vpc_uuid/],
    ["a subnet that is no range", { cluster_subnet: "10.0.0.0" }, /cluster_subnet: .* got "10.0.0.0"/],
    ["a flag that is no boolean", { auto_upgrade: "yes" }, /auto_upgrade/],
  ];
  for (const [what, change, message] of creations)
    it(`fails to create a cluster with ${what}`, async () => {
      const { backend, expect, state } = emulator();
      const refused = await expect(422, "POST", "/v2/kubernetes/clusters", { ...clusterRequest, ...change });
      assert.equal(refused.id, "unprocessable_entity");
      assert.match(refused.message, message);
      assert.deepEqual([state.data.clusters, backend.asked], [[], []]);
    });

  const changes: ["PUT" | "POST", string, object, RegExp][] = [
    ["PUT", "", {}, /name: is required/],
    ["PUT", "", { name: "demo", ha: false }, /can not be disabled/],
    ["PUT", "/node_pools/POOL", { count: 0 }, /at least 1/],
    ["PUT", "/node_pools/POOL", { count: 26 }, /droplet limit/],
    ["PUT", "/node_pools/POOL", { auto_scale: true, min_nodes: 2, max_nodes: 1 }, /must not exceed/],
    ["POST", "/node_pools", { ...pool }, /"default" is used twice/],
    ["POST", "/node_pools", { ...pool, name: "b", size: "xxl" }, /invalid size slug "xxl"/],
    ["POST", "/upgrade", {}, /version: is required/],
    ["POST", "/upgrade", { version: "1.35.0-do.0" }, /invalid version slug/],
    [
      "POST",
      "/upgrade",
      { version: "1.32.15-do.2" },
      /from 1.34.10-do.0 to 1.32.15-do.2: not a newer version/,
    ],
    ["POST", "/upgrade", { version: "1.34.10-do.0" }, /not a newer version/],
  ];
  for (const [method, path, body, message] of changes)
    it(`fails ${method} ${path || "/"} with ${JSON.stringify(body)}`, async () => {
      const { expect, runningCluster } = emulator();
      const cluster = await runningCluster({ ...clusterRequest, ha: true });
      const url = `/v2/kubernetes/clusters/${cluster.id}`;
      const poolId = cluster.node_pools[0]?.id ?? "";
      const refused = await expect(422, method, url + path.replace("POOL", poolId), body);
      assert.match(refused.message, message);
      const { kubernetes_cluster } = await expect<{ kubernetes_cluster: object }>(200, "GET", url);
      assert.deepEqual(kubernetes_cluster, cluster, "a refused request changes nothing");
    });

  it("fails for pages that are no numbers", async () => {
    const { expect } = emulator();
    for (const query of ["page=0", "page=x", "per_page=-1"]) await expect(422, "GET", `/v2/tags?${query}`);
  });

  it("fails with 400 for a body that is no JSON", async () => {
    const { app } = emulator();
    const { digitaloceanToken } = await import("../credentials.ts");
    const answer = await app.inject({
      method: "POST",
      url: "/v2/tags",
      payload: "{",
      headers: { authorization: `Bearer ${digitaloceanToken}`, "content-type": "application/json" },
    });
    assert.equal(answer.statusCode, 400);
    assert.equal(answer.json<{ id: string }>().id, "bad_request");
  });
});
