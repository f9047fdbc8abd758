/**
 * A Kubernetes credential plugin (client.authentication.k8s.io/v1): asks DigitalOcean for a short-lived
 * token of one cluster and prints it for the client that ran this. Kubeconfigs that Slipway makes name it.
 *
 *     node commands/clusterCredential.mts <cluster id> [--api-endpoint URL]
 */
import { parseArgs } from "node:util";

/** How long the token lives, in seconds; longer than any update. DigitalOcean's default is 7 days. */
const lifetime = 3600;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { "api-endpoint": { type: "string" } },
});

async function credential(): Promise<unknown> {
  const [clusterId] = positionals;
  if (!clusterId) throw new Error("usage: clusterCredential.mts <cluster id> [--api-endpoint URL]");
  const token = process.env.DIGITALOCEAN_TOKEN ?? process.env.DIGITALOCEAN_ACCESS_TOKEN;
  if (!token)
    throw new Error(
      "DIGITALOCEAN_TOKEN is not set; set it to a DigitalOcean API token that may read the cluster",
    );
  const base = values["api-endpoint"] ?? process.env.DIGITALOCEAN_API_URL ?? "https://api.digitalocean.com";
  const url = new URL(
    `/v2/kubernetes/clusters/${encodeURIComponent(clusterId)}/credentials?expiry_seconds=${lifetime}`,
    base,
  );
  const response = await fetch(url, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(30_000),
  });
  const body = (await response.json().catch(() => ({}))) as {
    token?: string;
    expires_at?: string;
    message?: string;
  };
  if (!response.ok || !body.token)
    throw new Error(
      `DigitalOcean gave no credential for cluster ${clusterId}: ${response.status} ${body.message ?? ""}`,
    );
  return {
    apiVersion: "client.authentication.k8s.io/v1",
    kind: "ExecCredential",
    status: { token: body.token, expirationTimestamp: body.expires_at },
  };
}

try {
  process.stdout.write(JSON.stringify(await credential()));
} catch (error) {
  const { message, cause } = error as Error;
  process.stderr.write(`slipway: ${message}${cause instanceof Error ? ` (${cause.message})` : ""}\n`);
  process.exitCode = 1;
}
