import { existsSync, mkdirSync, readFileSync } from "node:fs";
import path from "node:path";
import writeFileAtomic from "write-file-atomic";
import type { RecordedCall } from "./record.ts";
import type { Fault } from "./faults.ts";
import { offeredVersions } from "./catalogue.ts";

/** A node of a pool, as the API shows it. */
export interface Node {
  id: string;
  name: string;
  status: { state: "provisioning" | "running" | "draining" | "deleting" };
  droplet_id: string;
  created_at: string;
  updated_at: string;
}

/** A taint that Kubernetes puts on each node of a pool. */
export interface Taint {
  key: string;
  value: string;
  effect: "NoSchedule" | "PreferNoSchedule" | "NoExecute";
}

/** A node pool, as the API shows it. */
export interface NodePool {
  id: string;
  name: string;
  size: string;
  count: number;
  tags: string[];
  labels: Record<string, string>;
  taints: Taint[];
  auto_scale: boolean;
  min_nodes: number;
  max_nodes: number;
  nodes: Node[];
}

/** A cluster, as the API shows it. Settings of add-ons that a request gave are kept under their own names. */
export interface Cluster {
  id: string;
  name: string;
  region: string;
  version: string;
  cluster_subnet: string;
  service_subnet: string;
  vpc_uuid: string;
  ipv4: string;
  endpoint: string;
  tags: string[];
  node_pools: NodePool[];
  maintenance_policy: { start_time: string; duration: string; day: string };
  auto_upgrade: boolean;
  surge_upgrade: boolean;
  ha: boolean;
  registry_enabled: boolean;
  status: { state: "provisioning" | "running" | "upgrading" | "deleting" | "error"; message?: string };
  created_at: string;
  updated_at: string;
  [addOn: string]: unknown;
}

/** How to reach a cluster that runs. */
export interface Connection {
  /** URL of its kube-apiserver. */
  server: string;
  /** Certificate authority of the server, PEM in base64. */
  certificateAuthorityData: string;
}

/** A token known by the SHA-256 of its text, so that no state file holds one. */
export interface ClusterToken {
  hash: string;
  clusterId: string;
  /** Milliseconds since the epoch, by the emulator's clock. */
  expiresAt: number;
}

/** A token of the API; `scopes: ["*"]` is full access. */
export interface ApiToken {
  hash: string;
  scopes: string[];
  expiresAt?: number;
}

/** What outlives a restart of the emulator. */
export interface Snapshot {
  clusters: Cluster[];
  /** By cluster id; only clusters that have started. */
  connections: Record<string, Connection>;
  clusterTokens: ClusterToken[];
  apiTokens: ApiToken[];
  /** Tags by name, with the Droplets, volumes, … that were given to them by hand. */
  tags: Record<string, { resource_id: string; resource_type: string }[]>;
  /** Version slugs on offer, newest first. */
  versions: string[];
  /** How far the emulator's clock is ahead of the machine's, in milliseconds. */
  clockOffset: number;
}

const empty = (): Snapshot => ({
  clusters: [],
  connections: {},
  clusterTokens: [],
  apiTokens: [],
  tags: {},
  versions: [...offeredVersions],
  clockOffset: 0,
});

function readSnapshot(file: string): Snapshot {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Snapshot;
  } catch (error) {
    throw new Error(
      `${file} is not the emulator's state (${(error as Error).message}); delete it to start anew`,
    );
  }
}

/** The account that the emulator keeps: the lasting part in `data`, the rest until it ends. */
export class State {
  readonly data: Snapshot;
  readonly calls: RecordedCall[] = [];
  readonly faults: Fault[] = [];
  readonly #file: string | undefined;

  /** Reads the snapshot if `file` exists; without `file`, nothing is kept. Fails if the file is not a snapshot. */
  constructor(file?: string) {
    this.#file = file;
    this.data = { ...empty(), ...(file && existsSync(file) ? readSnapshot(file) : {}) };
  }

  /** Milliseconds since the epoch, by the emulator's clock. */
  now(): number {
    return Date.now() + this.data.clockOffset;
  }

  /** The emulator's time as the API writes it, to the second. */
  timestamp(time = this.now()): string {
    return new Date(time).toISOString().replace(/\.\d+Z$/, "Z");
  }

  /** Writes the snapshot, as a whole or not at all. Call it after each change. */
  save(): void {
    if (!this.#file) return;
    mkdirSync(path.dirname(this.#file), { recursive: true });
    writeFileAtomic.sync(this.#file, JSON.stringify(this.data, null, 1), { mode: 0o600 });
  }
}
