import { execa } from "execa";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { cacheDir } from "./paths.ts";

/** Takes one line of progress, to be shown in place of the one before. */
export type Report = (line: string) => void;

const toolsDir = path.join(cacheDir, "tools");
const unusedDays = 30;
const dayMs = 24 * 60 * 60 * 1000;

/** The key of what is built from `inputs`, in that order: 16 hexadecimal digits of their SHA-256. */
export function keyOf(inputs: (string | Buffer)[]): string {
  const hash = createHash("sha256");
  for (const input of inputs) hash.update(`${input.length}:`).update(input);
  return hash.digest("hex").slice(0, 16);
}

const holdLock = 'exec 9>"$1"; flock -n 9 || { echo waiting; flock 9; }; echo held; read -r _';

/**
 * Runs `work` while no other process (of any checkout) does so under the same lock file. The kernel
 * holds the lock for a child that ends with this process, however that ends. `onWait` is told if
 * another has it.
 */
async function withLock<T>(file: string, onWait: () => void, work: () => Promise<T>): Promise<T> {
  const holder = execa("sh", ["-c", holdLock, "sh", file], { reject: false, buffer: false });
  try {
    await new Promise<void>((resolve, reject) => {
      const lines = createInterface({ input: holder.stdout });
      lines.on("line", (line) => (line === "held" ? resolve() : onWait()));
      lines.once("close", () => reject(new Error(`can't lock ${file}: is flock (of util-linux) on PATH?`)));
    });
    return await work();
  } finally {
    holder.stdin.end("\n");
    await holder;
  }
}

/** Entries of the tool `name` among `entries` that are not `current`: `<name>-<key>` each. */
export function otherEntries(entries: string[], name: string, current: string): string[] {
  return entries.filter(
    (entry) =>
      /^[0-9a-f]{16}$/.test(entry.slice(name.length + 1)) &&
      entry.startsWith(`${name}-`) &&
      entry !== current,
  );
}

function removeUnused(toolsDir: string, name: string, current: string) {
  for (const entry of otherEntries(readdirSync(toolsDir), name, current)) {
    const folder = path.join(toolsDir, entry);
    if (Date.now() - statSync(folder).mtimeMs > unusedDays * dayMs) rmSync(folder, { recursive: true });
  }
}

/** What a cache entry is made by. */
export interface Entry {
  name: string;
  /** From `keyOf`: everything that the result depends on. */
  key: string;
  /** Entries of one lock are made one after the other. Default: the entry's name. */
  lock?: string;
  /** Fills the empty folder `dir`. It moves afterwards, so nothing in it may hold its own path. */
  make: (dir: string) => Promise<void>;
}

/**
 * The folder of a cache entry, made first if it isn't there. It appears complete or not at all, whoever
 * else makes it at the same time. Older entries of that name go once no lab has used them for 30 days.
 *
 * @param parent the folder of all entries; default: in the lab's cache.
 */
export async function cached(entry: Entry, report: Report, parent = toolsDir): Promise<string> {
  const current = `${entry.name}-${entry.key}`;
  const folder = path.join(parent, current);
  if (!existsSync(folder)) {
    mkdirSync(parent, { recursive: true });
    const waiting = () => report(`${entry.name}: waiting for another build to end`);
    await withLock(path.join(parent, `.${entry.lock ?? entry.name}.lock`), waiting, async () => {
      if (existsSync(folder)) return;
      const draft = path.join(parent, `.draft-${entry.name}`);
      rmSync(draft, { recursive: true, force: true });
      mkdirSync(draft);
      await entry.make(draft);
      renameSync(draft, folder);
      removeUnused(parent, entry.name, current);
    });
  }
  const now = new Date();
  utimesSync(folder, now, now);
  return folder;
}
