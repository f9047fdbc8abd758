import assert from "node:assert/strict";
import { digitaloceanToken } from "../credentials.ts";
import { issueApiToken } from "../digitalocean/authentication.ts";
import { clusterRequest, emulator } from "./digitaloceanEmulator.ts";

const cluster = "/v2/kubernetes/clusters/x";
/** Each route and the scope that a token needs for it (docs.digitalocean.com/reference/api/scopes). */
const scopes: ["GET" | "POST" | "PUT" | "DELETE", string, string][] = [
  ["GET", "/v2/kubernetes/options", "kubernetes:read"],
  ["GET", "/v2/kubernetes/clusters", "kubernetes:read"],
  ["POST", "/v2/kubernetes/clusters", "kubernetes:create"],
  ["GET", cluster, "kubernetes:read"],
  ["PUT", cluster, "kubernetes:update"],
  ["DELETE", cluster, "kubernetes:delete"],
  ["GET", `${cluster}/upgrades`, "kubernetes:read"],
  ["POST", `${cluster}/upgrade`, "kubernetes:update"],
  ["GET", `${cluster}/user`, "kubernetes:read"],
  ["GET", `${cluster}/status_messages`, "kubernetes:read"],
  ["GET", `${cluster}/credentials`, "kubernetes:access_cluster"],
  ["GET", `${cluster}/kubeconfig`, "kubernetes:access_cluster"],
  ["GET", `${cluster}/destroy_with_associated_resources`, "kubernetes:read"],
  ["DELETE", `${cluster}/destroy_with_associated_resources/selective`, "kubernetes:delete"],
  ["DELETE", `${cluster}/destroy_with_associated_resources/dangerous`, "kubernetes:delete"],
  ["GET", `${cluster}/node_pools`, "kubernetes:read"],
  ["POST", `${cluster}/node_pools`, "kubernetes:create"],
  ["GET", `${cluster}/node_pools/y`, "kubernetes:read"],
  ["PUT", `${cluster}/node_pools/y`, "kubernetes:update"],
  ["DELETE", `${cluster}/node_pools/y`, "kubernetes:delete"],
  ["POST", `${cluster}/node_pools/y/recycle`, "kubernetes:update"],
  ["DELETE", `${cluster}/node_pools/y/nodes/z`, "kubernetes:delete"],
  ["GET", "/v2/account", "account:read"],
  ["GET", "/v2/projects/default", "project:read"],
  ["GET", "/v2/regions", "regions:read"],
  ["GET", "/v2/sizes", "sizes:read"],
  ["GET", "/v2/tags", "tag:read"],
  ["POST", "/v2/tags", "tag:create"],
  ["GET", "/v2/tags/x", "tag:read"],
  ["DELETE", "/v2/tags/x", "tag:delete"],
  ["POST", "/v2/tags/x/resources", "tag:create"],
  ["DELETE", "/v2/tags/x/resources", "tag:delete"],
];

describe("emulated DigitalOcean: API tokens", () => {
  it("refuses no token, an unknown one and one that has ended with 401", async () => {
    const { call, expect, state } = emulator();
    for (const token of ["", "some-other-token"]) {
      const { id, message } = await expect(401, "GET", "/v2/account", undefined, token);
      assert.deepEqual([id, message], ["unauthorized", "Unable to authenticate you"]);
    }
    const token = issueApiToken(state, ["account:read"], 60);
    await expect(200, "GET", "/v2/account", undefined, token);
    state.data.clockOffset += 60_000;
    await expect(401, "GET", "/v2/account", undefined, token);
    assert.equal((await call("GET", "/v2/account")).statusCode, 200);
  });

  for (const [method, url, scope] of scopes)
    it(`wants ${scope} for ${method} ${url}`, async () => {
      const { call, expect, state } = emulator();
      const others = [...new Set(scopes.map(([, , other]) => other))].filter((other) => other !== scope);
      const without = issueApiToken(state, others);
      assert.equal((await expect(403, method, url, {}, without)).id, "forbidden");
      const { statusCode } = await call(method, url, {}, issueApiToken(state, [scope]));
      assert.ok([200, 404, 422].includes(statusCode), String(statusCode));
    });

  it("fails to add a route without a scope", () => {
    const { app } = emulator();
    assert.throws(() => app.get("/v2/droplets", async () => ({})), /no scope/);
  });

  it("keeps no token in its state", async () => {
    const { expect, runningCluster, state } = emulator();
    const { id } = await runningCluster();
    const given = issueApiToken(state, ["account:read"]);
    const { token } = await expect<{ token: string }>(
      200,
      "GET",
      `/v2/kubernetes/clusters/${id}/credentials`,
    );
    const all = JSON.stringify([state.data, state.calls]);
    for (const secret of [given, token, digitaloceanToken]) assert.ok(!all.includes(secret));
  });
});

describe("emulated DigitalOcean: rate limit", () => {
  it("tells the limit, what remains and when it is forgotten, and an id for each request", async () => {
    const { call, state } = emulator();
    await call("GET", "/v2/account");
    const { headers } = await call("GET", "/v2/account");
    assert.equal(headers["ratelimit-limit"], "5000");
    assert.equal(headers["ratelimit-remaining"], "4998");
    const reset = Number(headers["ratelimit-reset"]) - state.now() / 1000;
    assert.ok(reset > 3590 && reset <= 3601, String(reset));
    assert.match(String(headers["x-request-id"]), /^[0-9a-f-]{36}$/);
  });

  for (const [limit, seconds] of [
    [{ perHour: 2 }, 3600],
    [{ perMinute: 2 }, 60],
  ] as const)
    it(`fails with 429 above ${JSON.stringify(limit)}, until the time is over`, async () => {
      const { call, expect, app, state } = emulator();
      await app.inject({ method: "PUT", url: "/lab/rate-limit", payload: limit });
      await expect(200, "GET", "/v2/account");
      await expect(200, "GET", "/v2/account");
      const refused = await call("POST", "/v2/kubernetes/clusters", clusterRequest);
      assert.equal(refused.statusCode, 429);
      assert.equal(refused.json<{ id: string }>().id, "too_many_requests");
      const wait = Number(refused.headers["retry-after"]);
      assert.ok(wait > seconds - 10 && wait <= seconds, String(wait));
      assert.deepEqual(state.data.clusters, []);
      state.data.clockOffset += wait * 1000;
      await expect(200, "GET", "/v2/account");
    });
});
