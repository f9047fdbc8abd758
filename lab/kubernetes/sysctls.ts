import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { stateDir } from "../paths.ts";

/**
 * Kernel settings that a cluster changes: CNI's bridge plugin the first, the kubelet at its start the
 * others (`setupKernelTunables` in its container manager).
 */
const names = [
  "net/ipv4/ip_forward",
  "vm/overcommit_memory",
  "vm/panic_on_oom",
  "kernel/panic",
  "kernel/panic_on_oops",
  "kernel/keys/root_maxkeys",
  "kernel/keys/root_maxbytes",
];

const before = path.join(stateDir, "sysctls.json");
const file = (name: string) => path.join("/proc/sys", name);

/** Writes down the kernel settings that a cluster changes, and lets packets pass between pods and node. */
export function saveSysctls(): void {
  const values = names
    .filter((name) => existsSync(file(name)))
    .map((name) => [name, readFileSync(file(name), "utf8").trim()]);
  writeFileSync(before, JSON.stringify(Object.fromEntries(values)));
  writeFileSync(file("net/ipv4/ip_forward"), "1");
}

/** Puts them back as they were; does nothing where no cluster was started. */
export function restoreSysctls(): void {
  if (!existsSync(before)) return;
  const values = JSON.parse(readFileSync(before, "utf8")) as Record<string, string>;
  for (const [name, value] of Object.entries(values))
    if (readFileSync(file(name), "utf8").trim() !== value) writeFileSync(file(name), value);
  rmSync(before);
}
