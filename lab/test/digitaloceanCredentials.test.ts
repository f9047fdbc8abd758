import assert from "node:assert/strict";
import { parse } from "yaml";
import { emulator } from "./digitaloceanEmulator.ts";

interface Credentials {
  server: string;
  certificate_authority_data: string;
  token: string;
  expires_at: string;
}

async function withCluster() {
  const lab = emulator();
  const cluster = await lab.runningCluster();
  const url = `/v2/kubernetes/clusters/${cluster.id}`;
  /** Asks as the kube-apiserver of a cluster does, and returns the status of the TokenReview. */
  const review = async (token: string, clusterId = cluster.id) => {
    const answer = await lab.app.inject({
      method: "POST",
      url: `/lab/token-review/${clusterId}`,
      payload: { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token } },
    });
    assert.equal(answer.statusCode, 200);
    const { apiVersion, kind, status } = answer.json<{ apiVersion: string; kind: string; status: object }>();
    assert.deepEqual([apiVersion, kind], ["authentication.k8s.io/v1", "TokenReview"]);
    return status;
  };
  const credentials = (query = "") => lab.expect<Credentials>(200, "GET", `${url}/credentials${query}`);
  return { ...lab, cluster, url, review, credentials };
}
const accepted = {
  authenticated: true,
  user: { username: "lab@slipway.invalid", groups: ["system:masters"] },
};

describe("emulated DigitalOcean: cluster credentials", () => {
  it("live 7 days by default, or as long as asked for", async () => {
    const { credentials, state } = await withCluster();
    for (const [query, seconds] of [
      ["", 604_800],
      ["?expiry_seconds=0", 604_800],
      ["?expiry_seconds=300", 300],
    ] as const) {
      const { server, certificate_authority_data, expires_at } = await credentials(query);
      assert.deepEqual(
        [server, certificate_authority_data],
        ["https://127.0.0.1:7713", "bm8tY2VydGlmaWNhdGU="],
      );
      const life = (Date.parse(expires_at) - state.now()) / 1000;
      assert.ok(life > seconds - 5 && life <= seconds, `${query}: ${life}`);
    }
  });

  it("are a new token each time, which the cluster accepts until it ends", async () => {
    const { credentials, review, state } = await withCluster();
    const short = await credentials("?expiry_seconds=60");
    const long = await credentials();
    assert.notEqual(short.token, long.token);
    assert.deepEqual(await review(short.token), accepted);
    state.data.clockOffset += 61_000;
    assert.deepEqual(await review(short.token), { authenticated: false, error: "the token has expired" });
    assert.deepEqual(await review(long.token), accepted);
  });

  it("are good for their own cluster only, and not after its end", async () => {
    const { credentials, expect, lifecycle, review, url } = await withCluster();
    const { token } = await credentials();
    const refused = { authenticated: false, error: "unknown token" };
    assert.deepEqual(await review(token, "5119a9ac-c0de-4000-8000-00000000dead"), refused);
    assert.deepEqual(await review("made-up"), refused);
    await expect(204, "DELETE", url);
    await lifecycle.idle();
    assert.deepEqual(await review(token), refused);
  });

  it("come in a kubeconfig", async () => {
    const { call, review, url } = await withCluster();
    const answer = await call("GET", `${url}/kubeconfig?expiry_seconds=600`);
    assert.equal(answer.headers["content-type"], "application/yaml");
    const config = parse(answer.body) as { users: { user: { token: string } }[] };
    const token = config.users[0]?.user.token ?? "";
    assert.deepEqual(await review(token), accepted);
    assert.equal(
      answer.body.replace(token, "TOKEN"),
      `apiVersion: v1
clusters:
  - cluster:
      certificate-authority-data: bm8tY2VydGlmaWNhdGU=
      server: https://127.0.0.1:7713
    name: do-fra1-demo
contexts:
  - context:
      cluster: do-fra1-demo
      user: do-fra1-demo-admin
    name: do-fra1-demo
current-context: do-fra1-demo
kind: Config
preferences: {}
users:
  - name: do-fra1-demo-admin
    user:
      token: TOKEN
`,
    );
  });

  it("name their user", async () => {
    const { expect, url } = await withCluster();
    assert.deepEqual(await expect(200, "GET", `${url}/user`), { kubernetes_cluster_user: accepted.user });
  });

  it("fail for a life that is no number, and for a cluster that has never run", async () => {
    const { backend, expect, lifecycle, url } = await withCluster();
    await expect(422, "GET", `${url}/credentials?expiry_seconds=soon`);
    await expect(204, "DELETE", url);
    await lifecycle.idle();
    backend.failure = new Error("no");
    const { clusterRequest } = await import("./digitaloceanEmulator.ts");
    const { kubernetes_cluster } = await expect<{ kubernetes_cluster: { id: string } }>(
      201,
      "POST",
      "/v2/kubernetes/clusters",
      clusterRequest,
    );
    await expect(404, "GET", `/v2/kubernetes/clusters/${kubernetes_cluster.id}/credentials`);
  });

  it("refuse a webhook request of another kind", async () => {
    const { app, cluster } = await withCluster();
    const payload = { apiVersion: "authentication.k8s.io/v1beta1", kind: "TokenReview", spec: { token: "" } };
    const answer = await app.inject({ method: "POST", url: `/lab/token-review/${cluster.id}`, payload });
    assert.equal(answer.statusCode, 422);
  });
});
