import { execa } from "execa";
import { existsSync, readFileSync, realpathSync } from "node:fs";

/** The mount points below `folder` in a text as `/proc/self/mountinfo` has it, the innermost first. */
export function mountsBelow(mountinfo: string, folder: string): string[] {
  return mountinfo
    .split("\n")
    .map((line) =>
      line.split(" ")[4]?.replace(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8))),
    )
    .filter((point): point is string => point !== undefined && point.startsWith(`${folder}/`))
    .reverse();
}

/** What is mounted below `folder` now, the innermost first; nothing if there is no such folder. */
export const mountedBelow = (folder: string): string[] =>
  existsSync(folder) ? mountsBelow(readFileSync("/proc/self/mountinfo", "utf8"), realpathSync(folder)) : [];

/** Unmounts everything below `folder`. */
export async function unmountBelow(folder: string): Promise<void> {
  for (const point of mountedBelow(folder)) await execa("umount", ["--lazy", point], { reject: false });
}
