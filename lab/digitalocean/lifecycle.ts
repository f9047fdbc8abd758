import { setTimeout as sleep } from "node:timers/promises";
import type { ClusterBackend } from "./backend.ts";
import { describeVersion } from "./catalogue.ts";
import type { Cluster, State } from "./state.ts";

/** What happens to clusters and nodes after a request was answered. */
export class Lifecycle {
  readonly #state: State;
  readonly #backend: ClusterBackend;
  readonly #stepMs: number;
  readonly #log: (message: string) => void;
  readonly #running = new Set<Promise<void>>();
  /** One start or stop at a time: there is one machine to run a cluster on. */
  #turn: Promise<void> = Promise.resolve();

  /** `stepMs`: how long that takes which exists in the API only, such as an upgrade. */
  constructor(state: State, backend: ClusterBackend, stepMs: number, log: (message: string) => void) {
    this.#state = state;
    this.#backend = backend;
    this.#stepMs = stepMs;
    this.#log = log;
  }

  /** Resolves when nothing is under way any more. */
  async idle(): Promise<void> {
    while (this.#running.size) await Promise.all(this.#running);
  }

  /** Starts a cluster that is `provisioning`; it becomes `running`, or `error` if the backend fails. */
  start(cluster: Cluster): void {
    this.#inTurn(async () => {
      if (cluster.status.state === "deleting") return;
      const connection = await this.#backend.start(cluster);
      const { hostname } = new URL(connection.server);
      this.#state.data.connections[cluster.id] = connection;
      cluster.endpoint = connection.server;
      if (!cluster.ha) cluster.ipv4 = hostname;
      // A delete that came in the meantime has its own turn after this one.
      if ((cluster.status.state as string) === "deleting") return;
      cluster.status = { state: "running" };
      settleNodes(cluster);
    }, cluster);
  }

  /** Ends a cluster: `deleting`, and then it is gone. */
  remove(cluster: Cluster): void {
    cluster.status = { state: "deleting" };
    this.#inTurn(async () => {
      await this.#backend.stop(cluster);
      const { data } = this.#state;
      data.clusters = data.clusters.filter((other) => other.id !== cluster.id);
      data.clusterTokens = data.clusterTokens.filter((token) => token.clusterId !== cluster.id);
      delete data.connections[cluster.id];
    }, cluster);
  }

  /** Brings a cluster to another version: `upgrading`, then `running`. Only the API's version changes. */
  upgrade(cluster: Cluster, version: string): void {
    cluster.status = {
      state: "upgrading",
      message: `upgrading to ${describeVersion(version).kubernetes_version}`,
    };
    this.#track(async () => {
      await sleep(this.#stepMs);
      if (cluster.status.state !== "upgrading") return;
      cluster.version = version;
      cluster.status = { state: "running" };
    }, cluster);
  }

  /** Lets new nodes come up and deleted ones go. In a cluster that is not up yet, they come up with it. */
  settle(cluster: Cluster): void {
    this.#track(async () => {
      await sleep(this.#stepMs);
      if (cluster.status.state !== "provisioning") settleNodes(cluster);
    }, cluster);
  }

  /**
   * Takes up what a restart of the emulator interrupted. A cluster that the machine runs no more, as
   * after a reboot, is started anew, and is empty then.
   */
  resume(): void {
    for (const cluster of this.#state.data.clusters) {
      const { state } = cluster.status;
      if (state === "deleting") this.remove(cluster);
      else if (state === "provisioning") this.start(cluster);
      else if (state !== "error") this.#check(cluster);
    }
  }

  #check(cluster: Cluster): void {
    this.#track(async () => {
      if (!(await this.#backend.runs(cluster))) {
        cluster.status = {
          state: "provisioning",
          message: "starting anew, since the machine runs it no more",
        };
        return this.start(cluster);
      }
      cluster.status = { state: "running" };
      settleNodes(cluster);
    }, cluster);
  }

  #inTurn(job: () => Promise<void>, cluster: Cluster): void {
    const turn = this.#turn;
    this.#turn = this.#track(async () => {
      await turn;
      await job();
    }, cluster);
  }

  #track(job: () => Promise<void>, cluster: Cluster): Promise<void> {
    const run = job()
      .catch((error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        this.#log(`cluster ${cluster.id}: ${message}`);
        cluster.status = { state: "error", message };
      })
      .then(() => {
        cluster.updated_at = this.#state.timestamp();
        this.#state.save();
        this.#running.delete(run);
      });
    this.#running.add(run);
    return run;
  }
}

function settleNodes(cluster: Cluster): void {
  for (const pool of cluster.node_pools) {
    pool.nodes = pool.nodes.filter((node) => node.status.state !== "deleting");
    for (const node of pool.nodes) node.status = { state: "running" };
  }
}
