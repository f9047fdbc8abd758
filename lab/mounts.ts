import { execa } from "execa";
import { readFileSync } from "node:fs";

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

/** Unmounts everything below `folder`. */
export async function unmountBelow(folder: string): Promise<void> {
  for (const point of mountsBelow(readFileSync("/proc/self/mountinfo", "utf8"), folder))
    await execa("umount", ["--lazy", point], { reject: false });
}
