import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * The environment variable by which a runner of GitHub's knows what a job has started, however far it went
 * (its own process groups, daemons). The lab's runner has its own values in it.
 */
export const trackingVariable = "RUNNER_TRACKING_ID";

/** Beginning of the id of every job of a runner that has this folder. */
export const trackingIds = (folder: string) => `slipway-lab:${folder}:`;

/** The processes that have an id that begins like this, this process aside. */
export function processesOf(id: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        // As it was when the process began, each variable ended by a zero (man 5 proc).
        return `\0${readFileSync(`/proc/${pid}/environ`, "utf8")}`.includes(`\0${trackingVariable}=${id}`);
      } catch {
        return false; // Ended in between, or somebody else's.
      }
    })
    .map(Number);
}

/** Sends a signal to processes, whichever of them are still there. */
export function signal(pids: number[], name: NodeJS.Signals): void {
  for (const pid of pids)
    try {
      process.kill(pid, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
}

/** Ends whatever has such an id: asks, and after `graceMs` does not ask any more. */
export async function endProcesses(id: string, graceMs: number): Promise<void> {
  signal(processesOf(id), "SIGTERM");
  const deadline = Date.now() + graceMs;
  while (processesOf(id).length > 0 && Date.now() < deadline) await sleep(50);
  for (let left = processesOf(id); left.length > 0; left = processesOf(id)) {
    signal(left, "SIGKILL");
    await sleep(20);
  }
}
