import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { execa } from "execa";
import { describe, it } from "mocha";
import { digitaloceanUrl } from "../../lab/addresses.ts";
import { digitaloceanToken } from "../../lab/credentials.ts";
import { stateDir } from "../../lab/paths.ts";
import { listProcesses } from "../../lab/process.ts";

const cli = path.resolve(import.meta.dirname, "../../lab/cli.ts");
const lab = (command: string) => execa(process.execPath, [cli, command]);

/** What a machine shows of a lab, if there is any of one. */
async function traces(): Promise<string[]> {
  const commandLines = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      } catch {
        return ""; // it has ended meanwhile
      }
    });
  const links = (await execa("ip", ["-brief", "link"])).stdout.split("\n");
  const rules = (await execa("nft", ["list", "ruleset"])).stdout.split("\n");
  const namespaces = (await execa("ip", ["netns"])).stdout.split("\n");
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  return [
    ...commandLines.filter((line) => line.includes(stateDir)),
    ...links.filter((line) => /^(slipway|veth)/.test(line)),
    ...rules.filter((line) => /slipway|kube-proxy|10\.21[4-7]\./.test(line)),
    ...namespaces.filter((line) => /^cni-/.test(line)),
    ...mounts.filter((line) => line.includes(stateDir)),
  ];
}

const call = (method: string, route: string, body?: object) =>
  fetch(`${digitaloceanUrl}${route}`, {
    method,
    headers: { authorization: `Bearer ${digitaloceanToken}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });

/** A cluster through the API alone, so that everything of the lab runs. */
async function createCluster(): Promise<void> {
  const node_pools = [{ name: "default", size: "s-1vcpu-2gb", count: 1 }];
  const body = { name: "teardown", region: "ams3", version: "latest", node_pools };
  const created = await call("POST", "/v2/kubernetes/clusters", body);
  assert.equal(created.status, 201, await created.clone().text());
  const { kubernetes_cluster } = (await created.json()) as { kubernetes_cluster: { id: string } };
  for (let tries = 0; tries < 300; tries++) {
    const answer = await call("GET", `/v2/kubernetes/clusters/${kubernetes_cluster.id}`);
    const { kubernetes_cluster: cluster } = (await answer.json()) as {
      kubernetes_cluster: { status: { state: string } };
    };
    if (cluster.status.state === "running") return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  assert.fail("the cluster did not come up in a minute");
}

describe("lab", () => {
  it("changes nothing when it is brought up a second time", async () => {
    await createCluster();
    const before = listProcesses();
    await lab("up");
    assert.deepEqual(listProcesses(), before);
    assert.ok(before.every((record) => record.running));
  });

  it("leaves nothing when it goes", async () => {
    assert.notDeepEqual(await traces(), [], "the test does not see a lab that runs");
    await lab("down");
    assert.deepEqual(await traces(), []);
  });

  it("leaves nothing either when it goes after a crash", async () => {
    await lab("up");
    await createCluster();
    for (const { pid } of listProcesses()) process.kill(pid, "SIGKILL");
    await lab("down");
    assert.deepEqual(await traces(), []);
  });
});
