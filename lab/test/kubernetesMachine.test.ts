import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { neededControllers } from "../kubernetes/cgroups.ts";
import { apiRules, linksOn } from "../kubernetes/network.ts";
import { createPki } from "../kubernetes/pki.ts";

describe("the cluster's certificates", () => {
  let folder: string;
  let authorityPem: string;
  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "slipway-pki-"));
    authorityPem = await createPki(folder, [
      { name: "server", subject: "CN=server", hosts: ["127.0.0.1", "server.example"] },
      { name: "client", subject: "CN=somebody, O=system:masters" },
    ]);
  });
  after(() => rmSync(folder, { recursive: true }));
  const certificate = (name: string) => new X509Certificate(readFileSync(path.join(folder, `${name}.crt`)));

  it("come from one authority, whose certificate is returned", () => {
    const authority = new X509Certificate(authorityPem);
    assert.ok(authority.ca);
    for (const name of ["server", "client"]) {
      assert.ok(certificate(name).checkIssued(authority), name);
      assert.ok(certificate(name).verify(authority.publicKey), name);
    }
  });

  it("answer to a server's names, and to no other", () => {
    const server = certificate("server");
    assert.equal(server.checkIP("127.0.0.1"), "127.0.0.1");
    assert.equal(server.checkHost("server.example"), "server.example");
    assert.equal(server.checkIP("10.0.0.1"), undefined);
  });

  it("name a client's user and groups as Kubernetes reads them", () => {
    assert.equal(certificate("client").subject, "CN=somebody\nO=system:masters");
    assert.deepEqual(certificate("client").keyUsage, ["1.3.6.1.5.5.7.3.2"]);
    assert.deepEqual(certificate("server").keyUsage, ["1.3.6.1.5.5.7.3.1"]);
  });

  it("have keys that only their owner can read", () => {
    const keys = readdirSync(folder).filter((name) => name.endsWith(".key"));
    assert.deepEqual(keys.sort(), ["ca.key", "client.key", "sa.key", "server.key"]);
    for (const name of keys) assert.equal(statSync(path.join(folder, name)).mode & 0o777, 0o600, name);
  });

  it("fit the keys beside them", () => {
    const key = createPrivateKey(readFileSync(path.join(folder, "server.key")));
    assert.ok(certificate("server").checkPrivateKey(key));
  });
});

describe("pods' links", () => {
  const list = JSON.stringify([
    { ifname: "lo" },
    { ifname: "slipway-pods" },
    { ifname: "veth1", master: "slipway-pods" },
    { ifname: "veth2", master: "docker0" },
  ]);

  it("are those of the lab's bridge, and no other engine's", () => {
    assert.deepEqual(linksOn("slipway-pods", list), ["veth1"]);
  });

  it("are none where nothing is listed", () => {
    assert.deepEqual(linksOn("slipway-pods", ""), []);
  });
});

describe("controllers of cgroup v2", () => {
  it("are those that a kubelet needs, of what the machine has", () => {
    assert.deepEqual(neededControllers("cpuset cpu io memory pids rdma\n"), [
      "cpuset",
      "cpu",
      "memory",
      "pids",
    ]);
    assert.deepEqual(neededControllers("\n"), []);
  });
});

describe("the way to the cluster's API", () => {
  it("leads from its Service's address to where it listens", () => {
    assert.match(apiRules(), /^ *ip daddr 10\.216\.0\.1 tcp dport 443 dnat to 127\.0\.0\.1:7713$/m);
  });

  it("comes before kube-proxy's translation", () => {
    assert.match(apiRules(), /hook prerouting priority dstnat - 5;/);
  });
});
