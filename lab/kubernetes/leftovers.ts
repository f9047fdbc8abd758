import { lstatSync, readdirSync, readlinkSync, rmdirSync, rmSync } from "node:fs";
import path from "node:path";

/** Folders outside its own that a kubelet writes to, whatever its settings. */
const logLinks = "/var/log/containers";
const devicePlugins = "/var/lib/kubelet/device-plugins";

const entries = (folder: string): string[] => {
  try {
    return readdirSync(folder).map((name) => path.join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
};

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch (error) {
    // What is not empty, or was never there, is none of the lab's.
    if (!["ENOTEMPTY", "EEXIST", "ENOENT"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

/**
 * Removes what the lab's kubelet left outside its own folder: links to the logs below `podLogs`, and
 * its sockets for device plugins, which are no use to anyone once it has stopped.
 */
export function removeLeftovers(podLogs: string): void {
  for (const link of entries(logLinks))
    if (lstatSync(link).isSymbolicLink() && readlinkSync(link).startsWith(`${podLogs}/`)) rmSync(link);
  for (const file of entries(devicePlugins)) if (lstatSync(file).isSocket()) rmSync(file);
  for (const folder of [logLinks, devicePlugins, path.dirname(devicePlugins)]) removeEmpty(folder);
}
