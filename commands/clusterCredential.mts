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

interface Answer {
  status: number;
  text: string;
}

/** GETs a URL. Not by `fetch`, which takes Node.js longer to load than all the rest of this takes. */
async function get(url: URL, headers: Record<string, string>): Promise<Answer> {
  const client = await (url.protocol === "http:" ? import("node:http") : import("node:https"));
  return await new Promise((resolve, reject) => {
    client
      .get(url, { headers, signal: AbortSignal.timeout(30_000) }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
        response.on("error", reject);
      })
      .on("error", reject);
  });
}

/** DigitalOcean's answer; a proxy's page, say, is none. */
function parsed(text: string): { token?: string; expires_at?: string; message?: string } {
  try {
    return JSON.parse(text) as ReturnType<typeof parsed>;
  } catch {
    return {};
  }
}

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
  const { status, text } = await get(url, { authorization: `Bearer ${token}` });
  const body = parsed(text);
  if (status !== 200 || !body.token)
    throw new Error(
      `DigitalOcean gave no credential for cluster ${clusterId}: ${status} ${body.message ?? ""}`,
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
  process.stderr.write(`slipway: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
