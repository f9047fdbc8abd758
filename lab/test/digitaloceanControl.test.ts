import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { control } from "../digitalocean/control.ts";
import type { Cluster } from "../digitalocean/state.ts";
import { clusterRequest, emulator, FakeBackend, gate } from "./digitaloceanEmulator.ts";

describe("emulated DigitalOcean: control by tests", () => {
  const lab = emulator();
  let lever: ReturnType<typeof control>;
  before(async () => {
    lever = control(await lab.app.listen({ host: "127.0.0.1", port: 0 }));
  });
  after(() => lab.app.close());
  afterEach(async () => {
    await lever.clearFaults();
    await lever.resetCalls();
  });

  it("records every call, with what was sent and how it was answered", async () => {
    await lab.expect(200, "GET", "/v2/tags?page=1");
    await lab.expect(201, "POST", "/v2/tags", { name: "web" });
    await lab.expect(404, "GET", "/v2/tags/none");
    const calls = (await lever.calls()).map(({ time, ...call }) => call);
    assert.deepEqual(calls, [
      { method: "GET", path: "/v2/tags?page=1", status: 200 },
      { method: "POST", path: "/v2/tags", status: 201, body: { name: "web" } },
      { method: "GET", path: "/v2/tags/none", status: 404 },
    ]);
    await lever.resetCalls();
    assert.deepEqual(await lever.calls(), []);
  });

  it("fails the calls it is told to, as often as it is told to", async () => {
    await lever.fail({ method: "get", path: "^/v2/tags", status: 503, count: 2 });
    await lab.expect(200, "GET", "/v2/account");
    await lab.expect(201, "POST", "/v2/tags", { name: "web" });
    for (let i = 0; i < 2; i++) {
      const { id } = await lab.expect(503, "GET", "/v2/tags/web");
      assert.equal(id, "server_error");
    }
    await lab.expect(200, "GET", "/v2/tags/web");
    assert.equal((await lever.calls())[2]?.status, 503);
  });

  it("answers a fault with the body it is told", async () => {
    await lever.fail({ status: 429 });
    assert.equal((await lab.expect(429, "GET", "/v2/account")).id, "too_many_requests");
    await lever.fail({ status: 500, body: { id: "odd", message: "own words", request_id: "1" } });
    assert.equal((await lab.expect(500, "GET", "/v2/account")).message, "own words");
  });

  it("loses the answer of a call that was carried out", async () => {
    await lever.fail({ method: "POST", status: 502, when: "after" });
    await lab.expect(502, "POST", "/v2/tags", { name: "lost" });
    await lab.expect(200, "GET", "/v2/tags/lost");
    await lab.expect(201, "POST", "/v2/tags", { name: "kept" });
  });

  it("only delays where no status is given", async () => {
    await lever.fail({ delayMs: 30 });
    const begin = performance.now();
    await lab.expect(200, "GET", "/v2/account");
    assert.ok(performance.now() - begin >= 29);
    assert.equal((await lever.status()).faults, 0);
  });

  it("moves the clock, ends cluster tokens, makes API tokens, offers versions, and tells its state", async () => {
    const { id } = await lab.runningCluster();
    const credentials = `/v2/kubernetes/clusters/${id}/credentials`;
    await lab.expect(200, "GET", credentials);
    await lab.expect(200, "GET", `${credentials}?expiry_seconds=60`);
    assert.equal((await lever.status()).clusterTokens, 2);
    const later = await lever.forward(3600);
    assert.ok(Math.abs(Date.parse(later) - Date.now() - 3_600_000) < 5000);
    assert.equal((await lever.status()).clusterTokens, 1);
    assert.equal(await lever.expireClusterTokens(), 1);

    const reader = await lever.apiToken(["kubernetes:read"]);
    await lab.expect(200, "GET", "/v2/kubernetes/clusters", undefined, reader);
    await lab.expect(403, "GET", credentials, undefined, reader);
    const brief = await lever.apiToken(["account:read"], 10);
    await lever.forward(11);
    await lab.expect(401, "GET", "/v2/account", undefined, brief);

    assert.deepEqual(await lever.offerVersions(["1.34.10-do.0", "1.34.11-do.0"]), [
      "1.34.11-do.0",
      "1.34.10-do.0",
    ]);
    await lab.expect(202, "POST", `/v2/kubernetes/clusters/${id}/upgrade`, { version: "1.34.11-do.0" });
    await lab.lifecycle.idle();
    const { clusters, clusterTokens, faults } = await lever.status();
    assert.deepEqual(
      { clusters, clusterTokens, faults },
      {
        clusters: [{ id, name: "demo", version: "1.34.11-do.0", status: { state: "running" } }],
        clusterTokens: 0,
        faults: 0,
      },
    );
  });

  it("fails for orders that make no sense", async () => {
    await assert.rejects(lever.fail({ path: "(" }), /not a regular expression: \(/);
    await assert.rejects(lever.fail({ status: 200 }), /status/);
    await assert.rejects(lever.forward(-1), /forwardSeconds/);
    await assert.rejects(lever.apiToken([]), /scopes/);
    await assert.rejects(lever.offerVersions(["latest"]), /versions/);
  });
});

describe("emulated DigitalOcean: a restart", () => {
  let folder: string;
  let snapshotFile: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "slipway-digitalocean-"));
    snapshotFile = path.join(folder, "state", "digitalocean.json");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("keeps clusters, tokens, tags and the clock", async () => {
    const first = emulator({ snapshotFile });
    const cluster = await first.runningCluster();
    const url = `/v2/kubernetes/clusters/${cluster.id}`;
    const { token } = await first.expect<{ token: string }>(200, "GET", `${url}/credentials`);
    first.state.data.clockOffset = 5000;
    await first.expect(201, "POST", "/v2/tags", { name: "web" });
    await first.app.close();

    assert.equal(statSync(snapshotFile).mode & 0o777, 0o600);
    assert.ok(!readFileSync(snapshotFile, "utf8").includes(token));

    const second = emulator({ snapshotFile, backend: new FakeBackend(["demo"]) });
    const { kubernetes_cluster } = await second.expect<{ kubernetes_cluster: Cluster }>(200, "GET", url);
    await second.lifecycle.idle();
    assert.deepEqual({ ...kubernetes_cluster, updated_at: cluster.updated_at }, cluster);
    assert.deepEqual(second.backend.asked, []);
    assert.equal(second.state.data.clockOffset, 5000);
    await second.expect(200, "GET", "/v2/tags/web");
    const review = await second.app.inject({
      method: "POST",
      url: `/lab/token-review/${cluster.id}`,
      payload: { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token } },
    });
    assert.equal(review.json<{ status: { authenticated: boolean } }>().status.authenticated, true);
  });

  it("starts a cluster anew that the machine runs no more", async () => {
    await emulator({ snapshotFile }).runningCluster();
    const second = emulator({ snapshotFile });
    await second.app.ready();
    await second.lifecycle.idle();
    assert.deepEqual(second.backend.asked, ["start demo"]);
    assert.deepEqual(second.state.data.clusters[0]?.status, { state: "running" });
  });

  for (const [state, begin, finished] of [
    ["provisioning", () => {}, "running"],
    [
      "deleting",
      (lab: ReturnType<typeof emulator>, id: string) => lab.call("DELETE", `/v2/kubernetes/clusters/${id}`),
      "gone",
    ],
  ] as const)
    it(`takes up a cluster that was ${state}`, async () => {
      const backend = new FakeBackend();
      const never = gate();
      backend.gate = never.closed;
      const first = emulator({ snapshotFile, backend });
      const { kubernetes_cluster } = await first.expect<{ kubernetes_cluster: Cluster }>(
        201,
        "POST",
        "/v2/kubernetes/clusters",
        clusterRequest,
      );
      await begin(first, kubernetes_cluster.id);

      const second = emulator({ snapshotFile });
      assert.equal(second.state.data.clusters[0]?.status.state, state);
      await second.app.ready();
      await second.lifecycle.idle();
      const after = second.state.data.clusters[0]?.status.state ?? "gone";
      assert.equal(after, finished);
    });

  it("fails for a state file that is none", () => {
    snapshotFile = path.join(folder, "broken.json");
    writeFileSync(snapshotFile, "{");
    assert.throws(() => emulator({ snapshotFile }), /broken\.json/);
  });
});
