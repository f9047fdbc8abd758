import assert from "node:assert/strict";
import { listener, probes, type Facts } from "../machine.ts";
import { problems } from "../preflight.ts";

const good: Facts = {
  platform: "linux",
  isRoot: true,
  takenPorts: [],
  takenLinks: [],
  failedProbes: [],
  needsGo: false,
  space: [{ folder: "/state", freeGiB: 10, neededGiB: 2, variable: "SLIPWAY_LAB_DIR" }],
};

describe("preflight", () => {
  it("finds nothing wrong with a good machine", () => {
    assert.deepEqual(problems(good), []);
  });

  const bad: [what: string, facts: Partial<Facts>, said: RegExp, fix: RegExp][] = [
    ["a user who is not root", { isRoot: false }, /root/, /sudo -E/],
    [
      "a port in use",
      { takenPorts: [{ port: 7702, by: "nginx (process 12)" }] },
      /port 7702 on 127\.0\.0\.1 is in use by nginx \(process 12\)/,
      /stop that/,
    ],
    ["a link of that name", { takenLinks: ["slipway0"] }, /link slipway0/, /lab -- down/],
    ["a container without privileges", { failedProbes: ["isolation"] }, /not allowed/, /--privileged/],
    ["read-only cgroups", { failedProbes: ["cgroups"] }, /read-only/, /--privileged/],
    ["no overlay", { failedProbes: ["overlay"] }, /overlay/, /modprobe overlay.*SLIPWAY_LAB_DIR/],
    ["no bridges", { failedProbes: ["bridge"] }, /bridge/, /modprobe bridge/],
    ["no veth", { failedProbes: ["veth"] }, /virtual network links/, /modprobe veth/],
    ["no NAT", { failedProbes: ["nat"] }, /nftables/, /modprobe nft_chain_nat/],
    ["no Go, and tools to build", { needsGo: true }, /no Go/, /install it/],
    [
      "a full disk",
      { space: [{ folder: "/state", freeGiB: 0.25, neededGiB: 2, variable: "SLIPWAY_LAB_DIR" }] },
      /0\.3 GiB are free for \/state, and the lab needs 2/,
      /SLIPWAY_LAB_DIR/,
    ],
  ];
  for (const [what, facts, said, fix] of bad)
    it(`fails with ${what}, and says what to do`, () => {
      const found = problems({ ...good, ...facts });
      assert.equal(found.length, 1);
      assert.match(found[0] ?? "", said);
      assert.match(found[0] ?? "", fix);
    });

  it("tells every problem at once", () => {
    const facts: Facts = Object.assign({}, good, ...bad.map(([, each]) => each));
    assert.equal(problems({ ...facts, failedProbes: ["bridge", "veth", "nat"] }).length, 8);
  });

  it("names one program once, with all ports that it holds", () => {
    const takenPorts = [
      { port: 7701, by: "a (process 1)" },
      { port: 7702, by: "b (process 2)" },
      { port: 7711, by: "a (process 1)" },
    ];
    const found = problems({ ...good, takenPorts });
    assert.equal(found.length, 2);
    assert.match(found[0] ?? "", /port 7701, 7711 on 127\.0\.0\.1 is in use by a/);
  });

  it("says no more than that of another system", () => {
    const found = problems({ ...good, platform: "darwin", isRoot: false, failedProbes: ["isolation"] });
    assert.equal(found.length, 1);
    assert.match(found[0] ?? "", /darwin.*virtual machine/);
  });

  it("has a fix for each probe", () => {
    for (const { problem } of Object.values(probes)) assert.match(problem, /modprobe|--privileged/);
  });
});

describe("who listens on a port", () => {
  const lines = [
    'LISTEN 0 4096 127.0.0.1:7702  0.0.0.0:* users:(("docker-registry",pid=97,fd=3))',
    'LISTEN 0 4096         *:17701       *:* users:(("other",pid=98,fd=4),("other",pid=99,fd=4))',
    "LISTEN 0 4096     [::1]:7713      [::]:*",
  ].join("\n");

  it("is read from what ss prints", () => {
    assert.deepEqual(listener(lines, 7702), { program: "docker-registry", pid: 97 });
    assert.deepEqual(listener(lines, 17701), { program: "other", pid: 98 });
  });

  it("is unknown where ss does not say, or knows no such port", () => {
    assert.equal(listener(lines, 7713), undefined);
    assert.equal(listener(lines, 7701), undefined);
    assert.equal(listener("", 7701), undefined);
  });
});
