import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stateDir } from "../paths.ts";

const mountPoint = "/sys/fs/cgroup";

/**
 * The cgroup that holds the lab's pods and nothing else, so that another cluster of this machine is safe,
 * even that of a lab with another state folder.
 */
export const cgroupRoot = `/slipway-${createHash("sha256").update(stateDir).digest("hex").slice(0, 8)}`;

/** Where cgroups are made: one tree with cgroup v2, one for each controller with v1. */
const trees = (): string[] =>
  existsSync(path.join(mountPoint, "cgroup.procs"))
    ? [mountPoint]
    : readdirSync(mountPoint)
        .map((name) => path.join(mountPoint, name))
        .filter((tree) => existsSync(path.join(tree, "cgroup.procs")));

const below = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => path.join(folder, entry.name));

const processesIn = (folder: string): number[] => [
  ...readFileSync(path.join(folder, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number),
  ...below(folder).flatMap(processesIn),
];

function remove(folder: string): void {
  below(folder).forEach(remove);
  rmdirSync(folder);
}

/** The controllers that a kubelet needs, of those that a `cgroup.controllers` file of cgroup v2 names. */
export const neededControllers = (available: string): string[] =>
  available
    .trim()
    .split(" ")
    .filter((name) => ["cpu", "cpuset", "memory", "pids", "hugetlb"].includes(name));

/** Makes the pods' cgroup: a kubelet takes only one that is there. */
export function createCgroups(): void {
  const controllers = path.join(mountPoint, "cgroup.controllers");
  if (existsSync(controllers))
    writeFileSync(
      path.join(mountPoint, "cgroup.subtree_control"),
      neededControllers(readFileSync(controllers, "utf8"))
        .map((name) => `+${name}`)
        .join(" "),
    );
  for (const tree of trees()) mkdirSync(path.join(tree, cgroupRoot), { recursive: true });
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error; // it has ended meanwhile
  }
}

/** Ends what still runs in a cgroup, by default the pods', and removes it. Fails if a process outlives that by 5 s. */
export async function removeCgroups(root = cgroupRoot): Promise<void> {
  for (const folder of trees().map((tree) => path.join(tree, root))) {
    if (!existsSync(folder)) continue;
    for (let tries = 0; tries < 100; tries++) {
      const left = processesIn(folder);
      if (left.length === 0) break;
      left.forEach(kill);
      await sleep(50);
    }
    remove(folder);
  }
}
