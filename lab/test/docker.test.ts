import assert from "node:assert/strict";
import { dockerdArguments } from "../docker.ts";
import { sharesLoopback } from "../userEngine.ts";

describe("the lab's Docker engine", () => {
  const flags = dockerdArguments("/state/lab");
  const valueOf = (flag: string) => flags[flags.indexOf(flag) + 1];

  it("keeps everything of its own below the lab's folder", () => {
    for (const flag of ["--data-root", "--exec-root", "--pidfile", "--containerd"])
      assert.ok(valueOf(flag)?.startsWith("/state/lab/"), flag);
    assert.equal(valueOf("--host"), "unix:///state/lab/docker.sock");
    assert.match(valueOf("--cgroup-parent") ?? "", /^\/slipway-/);
  });

  it("leaves the firewall and the kernel's settings to the lab", () => {
    for (const flag of ["iptables", "ip6tables", "ip-forward", "ip-masq"])
      assert.ok(flags.includes(`--${flag}=false`), flag);
    assert.equal(valueOf("--bridge"), "slipway-docker");
  });

  it("runs without the capability that a negative score needs", () => {
    assert.ok(Number(valueOf("--oom-score-adjust")) >= 0);
  });
});

describe("a Docker engine of the user's", () => {
  const security = ["name=seccomp,profile=default"];

  it("serves the lab where it shares the machine's loopback", () => {
    assert.ok(sharesLoopback({ Name: "here", SecurityOptions: security }, "here"));
    assert.ok(sharesLoopback({ Name: "here" }, "here"));
  });

  it("does not where it runs elsewhere, in a virtual machine, or rootless", () => {
    assert.ok(!sharesLoopback({ Name: "docker-desktop", SecurityOptions: security }, "here"));
    assert.ok(!sharesLoopback({ Name: "here", SecurityOptions: [...security, "name=rootless"] }, "here"));
    assert.ok(!sharesLoopback({}, "here"));
  });
});
