import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { after, before, describe, it } from "mocha";

const script = path.resolve(import.meta.dirname, "../../commands/clusterCredential.mts");
const apiToken = "canary-not-a-real-api-token";

let server: Server;
let api: string;
const requests: { url?: string; authorization?: string }[] = [];

const run = (args: string[], env: NodeJS.ProcessEnv = {}) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((resolve) =>
    execFile(
      process.execPath,
      [script, ...args],
      { env: { PATH: process.env.PATH, ...env } },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    ),
  );

describe("cluster credential plugin", () => {
  before(async () => {
    server = createServer((request, response) => {
      requests.push({ url: request.url, authorization: request.headers.authorization });
      if (request.url?.includes("/gone/"))
        response.writeHead(404).end(JSON.stringify({ id: "not_found", message: "cluster not found" }));
      else
        response.end(JSON.stringify({ token: "canary-cluster-token", expires_at: "2030-01-01T00:00:00Z" }));
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  it("prints a short-lived token of the cluster", async () => {
    const { code, stdout } = await run(["my-id", "--api-endpoint", api], { DIGITALOCEAN_TOKEN: apiToken });
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), {
      apiVersion: "client.authentication.k8s.io/v1",
      kind: "ExecCredential",
      status: { token: "canary-cluster-token", expirationTimestamp: "2030-01-01T00:00:00Z" },
    });
    assert.deepEqual(requests.at(-1), {
      url: "/v2/kubernetes/clusters/my-id/credentials?expiry_seconds=3600",
      authorization: `Bearer ${apiToken}`,
    });
  });

  it("finds the API in the environment too", async () => {
    assert.equal((await run(["my-id"], { DIGITALOCEAN_TOKEN: apiToken, DIGITALOCEAN_API_URL: api })).code, 0);
  });

  it("fails in one line without an API token", async () => {
    const { code, stdout, stderr } = await run(["my-id", "--api-endpoint", api]);
    assert.equal(code, 1);
    assert.equal(stdout, "");
    assert.match(stderr, /^slipway: DIGITALOCEAN_TOKEN is not set; .*\n$/);
  });

  it("fails in one line with what DigitalOcean says", async () => {
    const { code, stderr } = await run(["gone", "--api-endpoint", api], { DIGITALOCEAN_TOKEN: apiToken });
    assert.equal(code, 1);
    assert.equal(
      stderr,
      "slipway: DigitalOcean gave no credential for cluster gone: 404 cluster not found\n",
    );
  });

  it("fails in one line where nothing answers", async () => {
    const { code, stderr } = await run(["x", "--api-endpoint", "http://127.0.0.1:1"], {
      DIGITALOCEAN_TOKEN: apiToken,
    });
    assert.equal(code, 1);
    assert.match(stderr, /^slipway: .*\n$/);
    assert.ok(!stderr.includes(apiToken));
  });
});
