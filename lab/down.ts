import { rmSync } from "node:fs";
import { stopContainerd } from "./containerd.ts";
import { stopDocker } from "./docker.ts";
import { stopKubernetes } from "./kubernetes/cluster.ts";
import { stateDir } from "./paths.ts";
import { listProcesses, stopProcess } from "./process.ts";

/**
 * Takes the lab down, whatever state it is in, and everything that belongs to it: processes, containers,
 * mounts, links, firewall rules, data. The tool cache stays. `say` is told each step.
 */
export async function down(say: (line: string) => void): Promise<void> {
  const records = listProcesses();
  if (records.length === 0) say("no lab is running; looking for what one may have left");
  // First whoever would start something again, then pods, then engines from the newest to the oldest.
  await stopProcess("digitalocean");
  say("stopping Kubernetes and its pods");
  await stopKubernetes();
  for (const { name } of listProcesses().reverse()) {
    if (name === "containerd" || name === "dockerd") continue;
    say(`stopping ${name}`);
    await stopProcess(name);
  }
  say("stopping Docker and containerd");
  await stopDocker();
  await stopContainerd();
  rmSync(stateDir, { recursive: true, force: true });
  say("the lab is down, and nothing of it is left but the tools in the cache");
}
