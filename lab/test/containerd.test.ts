import assert from "node:assert/strict";
import { network } from "../addresses.ts";
import { cniConfig, containerdConfig, registryHosts } from "../containerd.ts";

describe("containerd's configuration", () => {
  const config = containerdConfig("/lab", "/opt/cni/bin");

  it("keeps everything below the lab's folder", () => {
    const paths = [...config.matchAll(/= "(\/[^"]*)"/g)].map((match) => match[1] as string);
    assert.deepEqual(
      paths.filter((path) => !path.startsWith("/lab/")),
      ["/opt/cni/bin"],
    );
    for (const key of ["root", "state", "address", "conf_dir", "config_path"])
      assert.match(config, new RegExp(`^ *${key} = "/lab/`, "m"), key);
  });

  it("asks for no negative OOM score, which containers and CI machines refuse", () => {
    assert.match(config, /restrict_oom_score_adj = true/);
  });

  it("takes the sandbox image that the lab imports, from no registry of the outside", () => {
    assert.match(config, /sandbox_image = "slipway\.lab\/pause:/);
  });

  it("reaches the lab's registry over plain HTTP", () => {
    assert.match(registryHosts("127.0.0.1:7702"), /^server = "http:\/\/127\.0\.0\.1:7702"$/m);
    assert.doesNotMatch(registryHosts("127.0.0.1:7702"), /https:/);
  });
});

describe("pods' network", () => {
  const plugins = (
    JSON.parse(cniConfig("/lab")) as {
      plugins: { type: string; bridge: string; ipam: { dataDir: string; ranges: unknown } }[];
    }
  ).plugins;

  it("is the lab's bridge and range, with its leases below the lab's folder", () => {
    assert.equal(plugins[0]?.type, "bridge");
    assert.equal(plugins[0]?.bridge, network.podBridge);
    assert.deepEqual(plugins[0]?.ipam.ranges, [[{ subnet: network.podCidr }]]);
    assert.match(plugins[0]?.ipam.dataDir ?? "", /^\/lab\//);
  });

  it("has a bridge name that a Linux link can have", () => {
    for (const name of [network.podBridge, network.nodeBridge]) assert.ok(name.length <= 15, name);
  });
});
