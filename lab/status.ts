import { digitaloceanUrl, githubUrl, privateRegistryAddress, registryAddress } from "./addresses.ts";
import { control } from "./digitalocean/control.ts";
import { kubernetesStatus } from "./kubernetes/cluster.ts";
import { pipelineStatus } from "./pipelineStatus.ts";
import { listProcesses } from "./process.ts";
import { registryContents } from "./registry.ts";

const since = (ms: number) => {
  const seconds = Math.round((Date.now() - ms) / 1000);
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
};

/** What runs in the lab, for a person. */
export async function status(): Promise<string> {
  const processes = listProcesses();
  if (processes.length === 0) return "no lab is running; npm start, or npm run lab -- up";
  const lines = ["processes"];
  for (const { name, pid, startedAt, running } of processes)
    lines.push(
      `  ${name.padEnd(24)} ${running ? `runs, process ${pid}, for ${since(startedAt)}` : "has ended; npm run lab -- logs " + name}`,
    );
  lines.push(
    "",
    "addresses",
    `  DigitalOcean API         ${digitaloceanUrl}`,
    `  GitHub                   ${githubUrl}`,
    `  container registry       ${registryAddress}`,
    `    with a login           ${privateRegistryAddress}`,
  );
  const runs = (wanted: string) => processes.some(({ name, running }) => name === wanted && running);
  if (runs("registry")) {
    const contents = Object.entries(await registryContents());
    lines.push("", "images", ...contents.map(([name, tags]) => `  ${name}: ${tags.sort().join(", ")}`));
    if (contents.length === 0) lines.push("  none");
  }
  if (runs("digitalocean")) {
    const { clusters } = await control().status();
    lines.push(
      "",
      "DigitalOcean clusters",
      ...clusters.map((c) => `  ${c.name}  ${c.version}  ${c.status.state}`),
    );
    if (clusters.length === 0) lines.push("  none; pulumi up creates one");
    else lines.push("", String(await kubernetesStatus()));
  }
  if (runs("github")) lines.push(...(await pipelineStatus()));
  return lines.join("\n");
}
