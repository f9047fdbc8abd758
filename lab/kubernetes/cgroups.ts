import { existsSync, readdirSync, readFileSync, rmdirSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const root = "/sys/fs/cgroup";
/** The cgroup that a kubelet puts its pods in. */
const pods = "kubepods";

/** Where the pods' cgroup is: once with cgroup v2, in each controller's tree with v1. */
const podTrees = () =>
  [root, ...readdirSync(root).map((name) => path.join(root, name))]
    .map((folder) => path.join(folder, pods))
    .filter((folder) => existsSync(folder));

function remove(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) remove(path.join(folder, entry.name));
  rmdirSync(folder);
}

const isBusy = (folder: string): boolean =>
  readFileSync(path.join(folder, "cgroup.procs"), "utf8").trim() !== "" ||
  readdirSync(folder, { withFileTypes: true }).some(
    (entry) => entry.isDirectory() && isBusy(path.join(folder, entry.name)),
  );

/** Removes the pods' cgroups, once their processes are gone (5 s at most). */
export async function removeCgroups(): Promise<void> {
  for (const tree of podTrees()) {
    for (let tries = 0; tries < 100 && isBusy(tree); tries++) await sleep(50);
    remove(tree);
  }
}
