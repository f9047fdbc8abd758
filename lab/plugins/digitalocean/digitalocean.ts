import sdk from "@pulumi/digitalocean/package.json" with { type: "json" };
import type { ProviderArgs } from "@pulumi/digitalocean";
import type { Provider } from "../provider/provider.ts";
import type { Property } from "../provider/schema.ts";
import { Api, type ApiOptions } from "./api.ts";
import { kubernetesCluster } from "./cluster.ts";
import { getKubernetesCluster, getKubernetesVersions } from "./functions.ts";
import { kubernetesNodePool } from "./nodePool.ts";

const config = {
  apiEndpoint: { type: "string" },
  httpRetryMax: { type: "number" },
  httpRetryWaitMax: { type: "number" },
  httpRetryWaitMin: { type: "number" },
  requestsPerSecond: { type: "number" },
  spacesAccessId: { type: "string" },
  spacesEndpoint: { type: "string" },
  spacesSecretKey: { type: "string", secret: true },
  token: { type: "string", secret: true, unnoticed: true },
} satisfies Record<keyof ProviderArgs, Property>;

/** The provider. `waits`: other times to wait than DigitalOcean deserves, for tests. */
export function digitalocean(waits: Pick<ApiOptions, "retryMs" | "pollMs"> = {}): Provider<Api> {
  const { DIGITALOCEAN_TOKEN, DIGITALOCEAN_ACCESS_TOKEN, DIGITALOCEAN_API_URL } = process.env;
  return {
    name: "digitalocean",
    version: sdk.version.replace(/^v/, ""),
    config,
    configure: ({ token, apiEndpoint, httpRetryMax }) =>
      new Api({
        endpoint: (apiEndpoint as string) || DIGITALOCEAN_API_URL || "https://api.digitalocean.com",
        token: (token as string) || DIGITALOCEAN_TOKEN || DIGITALOCEAN_ACCESS_TOKEN,
        ...(typeof httpRetryMax === "number" ? { retries: httpRetryMax } : {}),
        ...waits,
      }),
    resources: {
      "digitalocean:index/kubernetesCluster:KubernetesCluster": kubernetesCluster,
      "digitalocean:index/kubernetesNodePool:KubernetesNodePool": kubernetesNodePool,
    },
    functions: {
      "digitalocean:index/getKubernetesVersions:getKubernetesVersions": getKubernetesVersions,
      "digitalocean:index/getKubernetesCluster:getKubernetesCluster": getKubernetesCluster,
    },
  };
}
