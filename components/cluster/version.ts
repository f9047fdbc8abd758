import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";

/** What decides a cluster's version. */
export interface VersionChoice {
  /** Exact slug. */
  version?: string;
  /** Minor version, `1.34` or `1.34.`. */
  versionPrefix?: string;
  /** Slug that the cluster runs, as of the last update. */
  running?: string;
}

const withDot = (prefix: string) => (prefix.endsWith(".") ? prefix : `${prefix}.`);

const order = (slug: string) => slug.split(/[.-]/).map((part) => Number(part.replace("do", "0")));

/** Whether DigitalOcean's slug `a` is an older Kubernetes than `b`. */
export function isOlder(a: string, b: string): boolean {
  const [left, right] = [order(a), order(b)];
  const at = left.findIndex((part, i) => part !== right[i]);
  return at >= 0 && (left[at] as number) < (right[at] ?? 0);
}

/**
 * Whether the running version is kept: nothing asks for another one. DigitalOcean's own upgrades
 * within the minor version are then no change of this stack.
 */
export function isKept({ version, versionPrefix, running }: VersionChoice): boolean {
  if (!running) return false;
  if (version) return version === running;
  return !versionPrefix || running.startsWith(withDot(versionPrefix));
}

/**
 * The slug to ask for. Looks up the newest one only where a cluster is created or moves to another minor
 * version. Fails for an older version than the running one, since DigitalOcean can't go back and its
 * provider would replace the cluster.
 */
export async function chooseVersion(choice: VersionChoice): Promise<string> {
  const { version, versionPrefix, running } = choice;
  if (isKept(choice)) return running as string;
  const wanted =
    version ??
    (await digitalocean.getKubernetesVersions({ versionPrefix: versionPrefix && withDot(versionPrefix) }))
      .latestVersion;
  if (!wanted)
    throw new pulumi.RunError(
      `slipway:cluster.versionPrefix: received "${versionPrefix}"; DigitalOcean offers no such Kubernetes version; see \`doctl kubernetes options versions\` and set another one`,
    );
  if (running && isOlder(wanted, running))
    throw new pulumi.RunError(
      `slipway:cluster.${version ? "version" : "versionPrefix"}: received "${version ?? versionPrefix}", but the cluster runs ${running}; DigitalOcean can't downgrade a cluster, so this would replace it; set the running version or a newer one`,
    );
  return wanted;
}
