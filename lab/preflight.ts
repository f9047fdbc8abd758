import { execa } from "execa";
import { existsSync, readFileSync, statfsSync } from "node:fs";
import { createServer } from "node:net";
import { homedir } from "node:os";
import { network, ports } from "./addresses.ts";
import { stateDir } from "./paths.ts";
import { listProcesses } from "./process.ts";

/** What the lab finds out about a machine before it starts anything. */
export interface Facts {
  platform: string;
  isRoot: boolean;
  /** Ports of the lab that something else listens on, with who it is where that can be seen. */
  takenPorts: { port: number; by: string }[];
  /** Links of the lab's names that it did not make itself. */
  takenLinks: string[];
  /** File systems and features that the kernel has. */
  hasOverlay: boolean;
  hasCgroups: boolean;
  /** Free space below the state folder, in GiB. */
  freeGiB: number;
}

/** Space for images, containers and the tools' first build, in GiB. */
const neededGiB = 6;

/** Everything that keeps the lab from running here, each with what to do. */
export function problems(facts: Facts): string[] {
  if (facts.platform !== "linux")
    return [`the lab runs on Linux, and this is ${facts.platform}: use a Linux machine or virtual machine`];
  const found: string[] = [];
  if (!facts.isRoot)
    found.push(
      "the lab runs containers, bridges and mounts of its own, which takes root: run it with sudo -E, or in a virtual machine",
    );
  for (const { port, by } of facts.takenPorts)
    found.push(`port ${port} on 127.0.0.1 is in use by ${by}: stop that, then try again`);
  for (const link of facts.takenLinks)
    found.push(
      `there is a network link ${link} already: if an old lab left it, npm run lab -- down removes it`,
    );
  if (!facts.hasOverlay) found.push("the kernel has no overlay file system: modprobe overlay");
  if (!facts.hasCgroups) found.push("no cgroups are mounted at /sys/fs/cgroup: containers can't run here");
  if (facts.freeGiB < neededGiB)
    found.push(
      `${facts.freeGiB.toFixed(1)} GiB are free below ${stateDir}, and the lab needs ${neededGiB}: make room, or set SLIPWAY_LAB_DIR and SLIPWAY_CACHE_DIR to folders that have it`,
    );
  return found;
}

const isTaken = (port: number) =>
  new Promise<boolean>((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(true));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(false)));
  });

async function holder(port: number): Promise<string> {
  const { stdout } = await execa("ss", ["-Hltnp", `sport = :${port}`], { reject: false });
  const [, program, pid] = String(stdout).match(/\(\("([^"]+)",pid=(\d+)/) ?? [];
  return program ? `${program} (process ${pid})` : "another program";
}

/** Looks at this machine. Ports and links of a lab that runs are its own, and not looked at. */
export async function gatherFacts(): Promise<Facts> {
  const running = listProcesses().some((record) => record.running);
  const takenPorts: Facts["takenPorts"] = [];
  if (!running)
    for (const port of Object.values(ports))
      if (await isTaken(port)) takenPorts.push({ port, by: await holder(port) });
  const links = [network.nodeBridge, network.podBridge];
  const { bavail, bsize } = statfsSync(homedir());
  return {
    platform: process.platform,
    isRoot: process.getuid?.() === 0,
    takenPorts,
    takenLinks: running ? [] : links.filter((link) => existsSync(`/sys/class/net/${link}`)),
    hasOverlay:
      existsSync("/proc/filesystems") && readFileSync("/proc/filesystems", "utf8").includes("overlay"),
    hasCgroups: existsSync("/sys/fs/cgroup/cgroup.controllers") || existsSync("/sys/fs/cgroup/memory"),
    freeGiB: (bavail * bsize) / 2 ** 30,
  };
}

/** Fails with everything that keeps the lab from running on this machine. */
export async function preflight(): Promise<void> {
  const found = problems(await gatherFacts());
  if (found.length > 0)
    throw new Error(`the lab can't run here:\n${found.map((line) => `  - ${line}`).join("\n")}`);
}
