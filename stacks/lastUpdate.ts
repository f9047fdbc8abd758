import * as pulumi from "@pulumi/pulumi";

/** What this stack's last successful update left in its outputs. */
export interface LastUpdate {
  /** Digest that each release of the image had when it was first deployed, by `repository:tag`. */
  releases: Record<string, string>;
  /** DigitalOcean's slug of the cluster's Kubernetes version, if this stack has a cluster. */
  kubernetesVersion?: string;
}

/**
 * Reads the stack's own outputs, which is how a run knows what an earlier one decided. Empty for a
 * stack that was never updated.
 */
export async function lastUpdate(): Promise<LastUpdate> {
  const stack = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  const outputs = new pulumi.StackReference("last-update", { name: stack });
  const [releases, kubernetesVersion] = await Promise.all(
    ["releases", "kubernetesVersion"].map(
      async (name) => (await outputs.getOutputDetails(name)).value as unknown,
    ),
  );
  return {
    releases: (releases ?? {}) as Record<string, string>,
    kubernetesVersion: kubernetesVersion as string | undefined,
  };
}
