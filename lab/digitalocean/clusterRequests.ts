import { randomUUID } from "node:crypto";
import { z } from "zod";
import { regions } from "./catalogue.ts";
import { unprocessable } from "./errors.ts";
import {
  checkDropletLimit,
  checkPoolNames,
  createPoolSchema,
  newPool,
  resourceName,
  tagList,
} from "./nodePoolRequests.ts";
import type { Cluster, State } from "./state.ts";

const days = ["any", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] as const;

const addOn = z.object({ enabled: z.boolean().nullish() }).nullish();
/** Settings that the API keeps and shows, and that change nothing in the lab. */
const addOns = {
  amd_gpu_device_metrics_exporter_plugin: addOn,
  amd_gpu_device_plugin: addOn,
  cluster_autoscaler_configuration: z
    .object({
      scale_down_utilization_threshold: z.number().min(0).max(1).nullish(),
      scale_down_unneeded_time: z.string().nullish(),
      expanders: z.array(z.enum(["random", "least-waste", "priority"])).nullish(),
    })
    .nullish(),
  control_plane_firewall: z
    .object({ enabled: z.boolean().nullish(), allowed_addresses: z.array(z.string()).nullish() })
    .nullish(),
  coredns_autoscaler: addOn,
  nvidia_gpu_device_plugin: addOn,
  p2p_oci_registry_plugin: addOn,
  rdma_shared_dev_plugin: addOn,
  routing_agent: addOn,
};

const settings = {
  name: resourceName,
  tags: tagList.nullish(),
  maintenance_policy: z
    .object({
      start_time: z.string().regex(/^([01]?\d|2[0-3]):[0-5]\d$/, {
        error: ({ input }) => `must be a time such as 04:00, got "${input}"`,
      }),
      day: z.enum(days, { error: ({ input }) => `must be one of ${days.join(", ")}, got "${input}"` }),
    })
    .nullish(),
  auto_upgrade: z.boolean().nullish(),
  surge_upgrade: z.boolean().nullish(),
  ha: z.boolean().nullish(),
  ...addOns,
};

const subnet = z.cidrv4({
  error: ({ input }) => `must be a range of addresses in CIDR notation, got "${input}"`,
});
const slug = z.string("is required");

/** Body of `POST /v2/kubernetes/clusters`. */
export const createClusterSchema = z.object({
  ...settings,
  region: slug.refine((value) => regions.some((region) => region.slug === value), {
    error: ({ input }) => `invalid region slug "${input}"`,
  }),
  version: slug,
  vpc_uuid: z.union([z.literal(""), z.uuid()]).nullish(),
  cluster_subnet: z.union([z.literal(""), subnet]).nullish(),
  service_subnet: z.union([z.literal(""), subnet]).nullish(),
  node_pools: z.array(createPoolSchema, "at least one is required").min(1, "at least one is required"),
});
/** Body of `PUT /v2/kubernetes/clusters/ID`: what is left out stays. */
export const updateClusterSchema = z.object(settings);
/** Body of `POST …/upgrade`. */
export const upgradeSchema = z.object({ version: slug });

/** Default VPC of the account in a region. */
const defaultVpc = (region: string) =>
  `5119a9ac-c0de-4000-9000-${Buffer.from(region.padEnd(6, "0")).toString("hex").slice(-12)}`;

/**
 * The slug on offer that a request means: one of those, a minor version such as `1.34`, or `latest`.
 * Fails with 422 for any other.
 */
export function resolveVersion(offered: readonly string[], version: string): string {
  const found =
    version === "latest" ? offered[0] : offered.find((s) => s === version || s.startsWith(`${version}.`));
  if (!found) throw unprocessable(`validation error: invalid version slug "${version}"`);
  return found;
}

/** A new cluster, `provisioning`, as a request asked for it. Fails with 422 for what can't be had. */
export function newCluster(state: State, request: z.output<typeof createClusterSchema>): Cluster {
  const id = randomUUID();
  const cluster: Cluster = {
    id,
    name: request.name,
    region: request.region,
    version: resolveVersion(state.data.versions, request.version),
    cluster_subnet: request.cluster_subnet || "10.108.0.0/16",
    service_subnet: request.service_subnet || "10.109.0.0/19",
    vpc_uuid: request.vpc_uuid || defaultVpc(request.region),
    ipv4: "",
    endpoint: "",
    tags: [],
    node_pools: request.node_pools.map((pool) => newPool(state, id, pool)),
    maintenance_policy: { start_time: "00:00", duration: "4h0m0s", day: "any" },
    auto_upgrade: false,
    surge_upgrade: false,
    ha: false,
    registry_enabled: false,
    status: { state: "provisioning", message: "provisioning" },
    created_at: state.timestamp(),
    updated_at: state.timestamp(),
  };
  checkPoolNames(cluster.node_pools);
  checkDropletLimit(cluster.node_pools);
  changeCluster(state, cluster, { ...request, tags: request.tags ?? [] });
  return cluster;
}

/** Changes a cluster's settings as a request says. Fails with 422 if it would lose high availability. */
export function changeCluster(
  state: State,
  cluster: Cluster,
  request: z.output<typeof updateClusterSchema>,
): void {
  if (cluster.ha && request.ha === false)
    throw unprocessable("validation error: a highly available control plane can not be disabled");
  const { tags, maintenance_policy, ...plain } = request;
  const given = Object.entries(plain).filter(
    ([key, value]) => key in settings && (value ?? undefined) !== undefined,
  );
  Object.assign(cluster, Object.fromEntries(given));
  if (maintenance_policy) cluster.maintenance_policy = { ...maintenance_policy, duration: "4h0m0s" };
  if (tags) cluster.tags = [...new Set([...tags, "k8s", `k8s:${cluster.id}`])];
  cluster.updated_at = state.timestamp();
}
