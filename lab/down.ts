import { rmSync } from "node:fs";
import { removeImages } from "./baseImages.ts";
import { stopContainerd } from "./containerd.ts";
import { stopDocker } from "./docker.ts";
import { endProcesses, trackingIds } from "./github/runner/leftovers.ts";
import { stopKubernetes } from "./kubernetes/cluster.ts";
import { mountedBelow } from "./mounts.ts";
import { githubDir, stateDir } from "./paths.ts";
import { listProcesses, stopProcess } from "./process.ts";

const endJobs = () => endProcesses(trackingIds(githubDir), 2000);

/** First whoever would start something again, then pods, then what containers run on. */
const steps: [what: string, stop: () => Promise<void>][] = [
  // Jobs go with their runner, unless it could not see to that any more.
  ["GitHub and its workflow runs", () => stopProcess("github").then(endJobs)],
  ["the DigitalOcean API", () => stopProcess("digitalocean")],
  ["Kubernetes and its pods", stopKubernetes],
  ["Docker", () => removeImages().then(stopDocker)],
  ["containerd", stopContainerd],
];

function removeState(): void {
  // What is mounted there may be somebody's folder.
  const mounts = mountedBelow(stateDir);
  if (mounts.length > 0)
    throw new Error(`still mounted: ${mounts.join(", ")}; unmount it (umount), then again`);
  rmSync(stateDir, { recursive: true, force: true });
}

/**
 * Takes the lab down, whatever state it is in, and everything that belongs to it: processes, containers,
 * mounts, links, firewall rules, data. The tool cache stays. `say` is told each step. A step that fails
 * does not keep the others from being taken; fails at the end with what failed, and keeps the lab's state
 * then, so that another try finds the rest.
 */
export async function down(say: (line: string) => void): Promise<void> {
  if (listProcesses().length === 0) say("no lab is running; looking for what one may have left");
  const failures: string[] = [];
  const step = async (what: string, stop: () => Promise<void> | void) => {
    try {
      await stop();
    } catch (error) {
      failures.push(`${what}: ${(error as Error).message}`);
    }
  };
  for (const [what, stop] of steps) {
    say(`stopping ${what}`);
    await step(what, stop);
  }
  for (const { name } of listProcesses().reverse()) {
    say(`stopping ${name}`);
    await step(name, () => stopProcess(name));
  }
  if (failures.length === 0) await step(stateDir, removeState);
  if (failures.length > 0)
    throw new Error(
      `something of the lab is left; npm run lab -- down tries again:\n${failures.map((line) => `  - ${line}`).join("\n")}`,
    );
  say("the lab is down, and nothing of it is left but the tools in the cache");
}
