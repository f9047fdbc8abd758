/**
 * What DigitalOcean sells, as far as a Kubernetes cluster needs it. Slugs, sizes and prices as on
 * digitalocean.com/pricing and docs.digitalocean.com/products/kubernetes; only a choice of them.
 */

/** Version slugs on offer, newest first. The lab's cluster really runs the newest, whichever was asked for. */
export const offeredVersions: readonly string[] = ["1.34.10-do.0", "1.33.12-do.1", "1.32.15-do.2"];

/** What `GET /v2/kubernetes/options` says of a version. */
export const describeVersion = (slug: string) => ({
  slug,
  kubernetes_version: slug.replace(/-do\.\d+$/, ""),
  supported_features: ["cluster-autoscaler", "docr-integration", "ha-control-plane", "token-authentication"],
});

/** Orders version slugs, the older one first. */
export function compareVersions(a: string, b: string): number {
  const numbers = (slug: string) => slug.split(/\D+/).filter(Boolean).map(Number);
  const [left, right] = [numbers(a), numbers(b)];
  return left.map((part, i) => part - (right[i] ?? 0)).find((difference) => difference !== 0) ?? 0;
}

/** Versions that a cluster can go to: newer patches of its minor version and of the next, newest first. */
export function upgradesOf(version: string, offered: readonly string[]): string[] {
  const minor = (slug: string) => Number(slug.split(".")[1]);
  return offered.filter((slug) => compareVersions(slug, version) > 0 && minor(slug) - minor(version) <= 1);
}

/** Regions with Kubernetes. */
export const regions = [
  { slug: "nyc1", name: "New York 1" },
  { slug: "nyc3", name: "New York 3" },
  { slug: "sfo3", name: "San Francisco 3" },
  { slug: "ams3", name: "Amsterdam 3" },
  { slug: "sgp1", name: "Singapore 1" },
  { slug: "lon1", name: "London 1" },
  { slug: "fra1", name: "Frankfurt 1" },
  { slug: "tor1", name: "Toronto 1" },
  { slug: "blr1", name: "Bangalore 1" },
  { slug: "syd1", name: "Sydney 1" },
];

/** A Droplet size: memory in MiB, disk in GiB, transfer in TB a month, price in dollars a month. */
type Size = [
  slug: string,
  vcpus: number,
  memory: number,
  disk: number,
  transfer: number,
  monthly: number,
  kind: string,
];

const dropletSizes: Size[] = [
  ["s-1vcpu-1gb", 1, 1024, 25, 1, 6, "Basic"],
  ["s-1vcpu-2gb", 1, 2048, 50, 2, 12, "Basic"],
  ["s-2vcpu-2gb", 2, 2048, 60, 3, 18, "Basic"],
  ["s-2vcpu-4gb", 2, 4096, 80, 4, 24, "Basic"],
  ["s-4vcpu-8gb", 4, 8192, 160, 5, 48, "Basic"],
  ["s-8vcpu-16gb", 8, 16384, 320, 6, 96, "Basic"],
  ["c-2", 2, 4096, 25, 4, 42, "CPU-Optimized"],
  ["c-4", 4, 8192, 50, 5, 84, "CPU-Optimized"],
  ["g-2vcpu-8gb", 2, 8192, 25, 4, 63, "General Purpose"],
  ["g-4vcpu-16gb", 4, 16384, 50, 5, 126, "General Purpose"],
  ["m-2vcpu-16gb", 2, 16384, 50, 4, 84, "Memory-Optimized"],
];

/** Droplet sizes as `GET /v2/sizes` shows them. An hour is a 672nd of the monthly price. */
export const sizes = dropletSizes.map(([slug, vcpus, memory, disk, transfer, monthly, description]) => ({
  slug,
  memory,
  vcpus,
  disk,
  transfer,
  price_monthly: monthly,
  price_hourly: Number((monthly / 672).toFixed(5)),
  regions: regions.map((region) => region.slug),
  available: true,
  description,
}));

/** Sizes that a node can have: 2 GB of memory or more. */
export const nodeSizes = sizes
  .filter((size) => size.memory >= 2048)
  .map(({ slug }) => ({ name: slug, slug }));
