import type { KubernetesClusterArgs, KubernetesClusterState, types } from "@pulumi/digitalocean";
import { stringify } from "yaml";
import type { Property, Schema } from "../provider/schema.ts";
import type { Properties, Value } from "../provider/values.ts";
import { defaultPoolTag, givenTags, poolSchema, poolState, type ApiPool } from "./pools.ts";
import { isLower } from "./versions.ts";

/** Settings of a cluster that are called the same in requests and answers, by their property's name. */
export const settings = {
  amdGpuDeviceMetricsExporterPlugin: "amd_gpu_device_metrics_exporter_plugin",
  amdGpuDevicePlugin: "amd_gpu_device_plugin",
  amdGpuDraDriver: "amd_gpu_dra_driver",
  corednsAutoscaler: "coredns_autoscaler",
  nvidiaGpuDevicePlugin: "nvidia_gpu_device_plugin",
  nvidiaGpuDraDriver: "nvidia_gpu_dra_driver",
  p2pOciRegistryPlugin: "p2p_oci_registry_plugin",
  rdmaSharedDevicePlugin: "rdma_shared_dev_plugin",
  routingAgent: "routing_agent",
} as const;

/** A cluster, as the API shows it. */
export interface ApiCluster {
  id: string;
  name: string;
  region: string;
  version: string;
  cluster_subnet: string;
  service_subnet: string;
  vpc_uuid: string;
  ipv4?: string;
  endpoint?: string;
  tags?: string[];
  node_pools: ApiPool[];
  maintenance_policy?: { day: string; duration: string; start_time: string } | null;
  auto_upgrade?: boolean;
  surge_upgrade?: boolean;
  ha?: boolean;
  registry_enabled?: boolean;
  status: { state: string; message?: string };
  created_at: string;
  updated_at: string;
  control_plane_firewall?: { enabled?: boolean; allowed_addresses?: string[] } | null;
  cluster_autoscaler_configuration?: {
    expanders?: string[];
    scale_down_unneeded_time?: string;
    scale_down_utilization_threshold?: number;
  } | null;
  [setting: string]: unknown;
}

/** Answer of `GET …/credentials`. */
export interface ApiCredentials {
  server: string;
  certificate_authority_data: string;
  client_certificate_data?: string | null;
  client_key_data?: string | null;
  token: string;
  expires_at: string;
}

const text: Schema[string] = { type: "string", output: true };
const addOn: Schema[string] = {
  type: { object: { enabled: { type: "boolean", required: true } } },
  computed: true,
};
const list = (object: Schema) => ({ list: { object } });

/**
 * A cluster's properties, as @pulumi/digitalocean 4.80.1 has them. Which of them replace the cluster:
 * the official provider's documentation of each.
 */
export const clusterSchema = {
  ...(Object.fromEntries(Object.keys(settings).map((name) => [name, addOn])) as Record<
    keyof typeof settings,
    Schema[string]
  >),
  autoUpgrade: { type: "boolean", default: false },
  clusterAutoscalerConfigurations: {
    type: list({
      expanders: { type: { list: "string" } },
      scaleDownUnneededTime: { type: "string" },
      scaleDownUtilizationThreshold: { type: "number" },
    }),
  },
  clusterSubnet: { type: "string", computed: true, replaces: true },
  clusterUrn: text,
  controlPlaneFirewall: {
    type: {
      object: {
        allowedAddresses: { type: { list: "string" }, required: true },
        enabled: { type: "boolean", required: true },
      },
    },
    computed: true,
  },
  createdAt: text,
  destroyAllAssociatedResources: { type: "boolean", default: false, unnoticed: true },
  endpoint: text,
  ha: { type: "boolean", computed: true },
  ipv4Address: text,
  isolatedWorkers: { type: "boolean", replaces: true },
  kubeConfigs: { type: list({}), output: true, secret: true },
  kubeconfigExpireSeconds: { type: "number" },
  maintenancePolicy: {
    type: {
      object: {
        day: { type: "string", computed: true },
        duration: { type: "string", output: true },
        startTime: { type: "string", computed: true },
      },
    },
    computed: true,
  },
  name: { type: "string" },
  nodePool: {
    type: { object: { ...poolSchema, id: { type: "string", output: true } } },
    required: true,
  },
  region: { type: "string", required: true, replaces: true },
  registryIntegration: { type: "boolean", default: false },
  serviceSubnet: { type: "string", computed: true, replaces: true },
  ssos: {
    type: list({
      clientId: { type: "string" },
      enabled: { type: "boolean", required: true },
      issuerUrl: { type: "string" },
      required: { type: "boolean" },
    }),
    computed: true,
  },
  status: text,
  surgeUpgrade: { type: "boolean", default: true },
  tags: { type: { set: "string" } },
  updatedAt: text,
  // DigitalOcean can't go back: a lower version needs another cluster, a higher one is an upgrade.
  version: {
    type: "string",
    required: true,
    replaces: (old: Value, wanted: Value) =>
      typeof old === "string" && typeof wanted === "string" && isLower(wanted, old),
  },
  vpcUuid: { type: "string", computed: true, replaces: true },
  workerSubnetUuid: { type: "string", computed: true, replaces: true },
} satisfies Record<keyof KubernetesClusterState | keyof KubernetesClusterArgs, Property>;

/**
 * The pool that a cluster was created with: the tagged one, or in an import the only one. Fails if there
 * are several and none is tagged.
 */
export function defaultPool(cluster: ApiCluster, id?: unknown): ApiPool {
  const { node_pools: pools } = cluster;
  const found =
    pools.find((pool) => pool.tags?.includes(defaultPoolTag)) ??
    pools.find((pool) => pool.id === id) ??
    (pools.length === 1 ? pools[0] : undefined);
  if (found) return found;
  throw new Error(
    `cluster ${cluster.id} has ${pools.length} node pools, none with the tag ${defaultPoolTag}; give it to the pool that is the cluster's own`,
  );
}

/** A cluster's `kubeConfigs`: how to reach it by its own, expiring token. */
export function kubeConfigs(
  cluster: ApiCluster,
  credentials: ApiCredentials,
): types.output.KubernetesClusterKubeConfig[] {
  const context = `do-${cluster.region}-${cluster.name}`;
  const user = `${context}-admin`;
  const { server, certificate_authority_data: authority, token, expires_at } = credentials;
  const [certificate, key] = [credentials.client_certificate_data, credentials.client_key_data];
  const decoded = (data: string | null | undefined) => Buffer.from(data ?? "", "base64").toString();
  const rawConfig = stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: context, cluster: { "certificate-authority-data": authority, server } }],
      contexts: [{ name: context, context: { cluster: context, user } }],
      "current-context": context,
      preferences: {},
      users: [
        {
          name: user,
          user: {
            ...(certificate ? { "client-certificate-data": certificate } : {}),
            ...(key ? { "client-key-data": key } : {}),
            ...(token ? { token } : {}),
          },
        },
      ],
    },
    { lineWidth: 0 },
  );
  return [
    {
      clientCertificate: decoded(certificate),
      clientKey: decoded(key),
      clusterCaCertificate: authority,
      expiresAt: expires_at,
      host: server,
      rawConfig,
      token,
    },
  ];
}

/** Whether credentials in a state still open the cluster. */
export const areValid = (configs: Value | undefined, now = Date.now()) => {
  const [first] = (Array.isArray(configs) ? configs : []) as { expiresAt?: string }[];
  return !!first && (!first.expiresAt || Date.parse(first.expiresAt) > now);
};

/** A cluster's state: what the API shows, and of `kept` what it does not. */
export function clusterState(cluster: ApiCluster, kept: Properties): Properties {
  const { maintenance_policy: policy, control_plane_firewall: firewall } = cluster;
  const scaler = cluster.cluster_autoscaler_configuration;
  const own = (kept.nodePool ?? {}) as Properties;
  const unshown = [
    "destroyAllAssociatedResources",
    "isolatedWorkers",
    "kubeconfigExpireSeconds",
    "kubeConfigs",
    "ssos",
    "workerSubnetUuid",
  ];
  const state = {
    ...Object.fromEntries(unshown.map((name) => [name, kept[name]])),
    ...Object.fromEntries(
      Object.entries(settings).flatMap(([name, key]) => (cluster[key] ? [[name, cluster[key]]] : [])),
    ),
    ...(firewall
      ? {
          controlPlaneFirewall: {
            enabled: firewall.enabled ?? false,
            allowedAddresses: firewall.allowed_addresses ?? [],
          },
        }
      : {}),
    ...(scaler
      ? {
          clusterAutoscalerConfigurations: [
            {
              expanders: scaler.expanders,
              scaleDownUnneededTime: scaler.scale_down_unneeded_time,
              scaleDownUtilizationThreshold: scaler.scale_down_utilization_threshold,
            },
          ],
        }
      : {}),
    ...(policy
      ? {
          maintenancePolicy: { day: policy.day, duration: policy.duration, startTime: policy.start_time },
        }
      : {}),
    name: cluster.name,
    region: cluster.region,
    version: cluster.version,
    clusterSubnet: cluster.cluster_subnet,
    serviceSubnet: cluster.service_subnet,
    vpcUuid: cluster.vpc_uuid,
    ipv4Address: cluster.ipv4 ?? "",
    endpoint: cluster.endpoint ?? "",
    tags: givenTags(cluster.tags),
    nodePool: poolState(defaultPool(cluster, own.id)),
    autoUpgrade: cluster.auto_upgrade ?? false,
    surgeUpgrade: cluster.surge_upgrade ?? false,
    ha: cluster.ha ?? false,
    registryIntegration: cluster.registry_enabled ?? false,
    status: cluster.status.state,
    clusterUrn: `do:kubernetes:${cluster.id}`,
    createdAt: cluster.created_at,
    updatedAt: cluster.updated_at,
  };
  return JSON.parse(JSON.stringify(state)) as Properties;
}

/** The part of a request for a cluster that can also be changed later. */
export function settingsRequest(inputs: Properties) {
  const policy = inputs.maintenancePolicy as Properties | undefined;
  const firewall = inputs.controlPlaneFirewall as Properties | undefined;
  const [scaler] = (inputs.clusterAutoscalerConfigurations ?? []) as Properties[];
  return {
    name: inputs.name,
    tags: inputs.tags ?? [],
    auto_upgrade: inputs.autoUpgrade,
    surge_upgrade: inputs.surgeUpgrade,
    ha: inputs.ha,
    maintenance_policy: policy && { start_time: policy.startTime ?? "00:00", day: policy.day ?? "any" },
    control_plane_firewall: firewall && {
      enabled: firewall.enabled,
      allowed_addresses: firewall.allowedAddresses,
    },
    cluster_autoscaler_configuration: scaler && {
      expanders: scaler.expanders,
      scale_down_unneeded_time: scaler.scaleDownUnneededTime,
      scale_down_utilization_threshold: scaler.scaleDownUtilizationThreshold,
    },
    ...Object.fromEntries(Object.entries(settings).map(([name, key]) => [key, inputs[name]])),
  };
}
