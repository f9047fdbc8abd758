import { stringify } from "yaml";

/** How to reach a DigitalOcean cluster. */
export interface ClusterAddress {
  /** The cluster's name; names the context as doctl does: `do-<region>-<name>`. */
  name: string;
  region: string;
  /** DigitalOcean's id of the cluster. */
  id: string;
  /** URL of the Kubernetes API. */
  endpoint: string;
  /** Certificate of the cluster's authority, PEM in base64. */
  certificateAuthority: string;
  /** Namespace that kubectl uses when none is named. */
  namespace: string;
  /** Base URL of DigitalOcean's API, if not the public one. */
  apiEndpoint?: string;
  /** DigitalOcean API token; default: `DIGITALOCEAN_TOKEN` of whoever uses the kubeconfig. */
  token?: string;
}

/**
 * A kubeconfig without a cluster token. Kubernetes clients run `commands/clusterCredential.mts`, which
 * asks DigitalOcean for a short-lived one each time, so the text never changes and never expires
 * (DigitalOcean's own tokens end after 7 days).
 */
export function clusterKubeconfig(address: ClusterAddress): string {
  const { name, region, id, endpoint, certificateAuthority, namespace, apiEndpoint, token } = address;
  const context = `do-${region}-${name}`;
  const user = `${context}-slipway`;
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: context, cluster: { server: endpoint, "certificate-authority-data": certificateAuthority } },
    ],
    users: [
      {
        name: user,
        user: {
          exec: {
            apiVersion: "client.authentication.k8s.io/v1",
            command: "node",
            args: [
              "commands/clusterCredential.mts",
              id,
              ...(apiEndpoint ? ["--api-endpoint", apiEndpoint] : []),
            ],
            ...(token ? { env: [{ name: "DIGITALOCEAN_TOKEN", value: token }] } : {}),
            interactiveMode: "Never",
            provideClusterInfo: false,
            installHint: "run npm ci in Slipway's folder, and use Node.js 22.18 or newer",
          },
        },
      },
    ],
    contexts: [{ name: context, context: { cluster: context, user, namespace } }],
    "current-context": context,
  });
}
