import assert from "node:assert/strict";
import type { InjectOptions } from "fastify";
import { digitaloceanToken } from "../credentials.ts";
import { createServer } from "../digitalocean/server.ts";
import type { Cluster, Connection } from "../digitalocean/state.ts";
import { assertDescribed } from "./digitaloceanDescription.ts";

/** A backend that starts nothing, remembers what it was asked, and waits or fails as told. */
export class FakeBackend {
  readonly asked: string[] = [];
  /** Resolved when the backend may go on. */
  gate: Promise<void> = Promise.resolve();
  failure: Error | undefined;
  /** Names of the clusters that run. */
  readonly running: string[];

  constructor(running: string[] = []) {
    this.running = running;
  }

  async start(cluster: Cluster): Promise<Connection> {
    this.asked.push(`start ${cluster.name}`);
    await this.gate;
    if (this.failure) throw this.failure;
    return { server: "https://127.0.0.1:7713", certificateAuthorityData: "bm8tY2VydGlmaWNhdGU=" };
  }
  async runs(cluster: Cluster): Promise<boolean> {
    return this.running.includes(cluster.name);
  }
  async stop(cluster: Cluster): Promise<void> {
    this.asked.push(`stop ${cluster.name}`);
    await this.gate;
    if (this.failure) throw this.failure;
  }
}

/** A promise and what resolves it. */
export function gate(): { closed: Promise<void>; open: () => void } {
  let open = () => {};
  const closed = new Promise<void>((resolve) => (open = resolve));
  return { closed, open };
}

/** The smallest request for a cluster. */
export const clusterRequest = {
  name: "demo",
  region: "fra1",
  version: "1.34.10-do.0",
  node_pools: [{ name: "default", size: "s-1vcpu-2gb", count: 1 }],
};

/** An emulator that does not listen. Every answer below `/v2` is held to the published description. */
export function emulator(options: { snapshotFile?: string; backend?: FakeBackend } = {}) {
  const backend = options.backend ?? new FakeBackend();
  const logged: string[] = [];
  const server = createServer({
    backend,
    snapshotFile: options.snapshotFile,
    stepMs: 1,
    log: (message) => logged.push(message),
  });

  async function call(
    method: NonNullable<InjectOptions["method"]>,
    url: string,
    body?: unknown,
    token: string | undefined = digitaloceanToken,
  ) {
    const answer = await server.app.inject({
      method,
      url,
      payload: body as InjectOptions["payload"],
      headers: token ? { authorization: `Bearer ${token}` } : {},
    });
    const [path = ""] = url.split("?");
    if (path.startsWith("/v2"))
      assertDescribed({ method, path, status: answer.statusCode, body: answer.body });
    return answer;
  }
  /** The answer's body, once its status is as expected. */
  async function expect<T = { id: string; message: string }>(
    status: number,
    ...request: Parameters<typeof call>
  ): Promise<T> {
    const answer = await call(...request);
    assert.equal(answer.statusCode, status, answer.body);
    return (answer.body ? answer.json() : undefined) as T;
  }
  /** Creates a cluster and waits until it runs. */
  async function runningCluster(request: object = clusterRequest): Promise<Cluster> {
    const { kubernetes_cluster } = await expect<{ kubernetes_cluster: Cluster }>(
      201,
      "POST",
      "/v2/kubernetes/clusters",
      request,
    );
    await server.lifecycle.idle();
    return (
      await expect<{ kubernetes_cluster: Cluster }>(
        200,
        "GET",
        `/v2/kubernetes/clusters/${kubernetes_cluster.id}`,
      )
    ).kubernetes_cluster;
  }
  return { ...server, backend, logged, call, expect, runningCluster };
}
