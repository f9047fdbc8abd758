import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

/** Folder of everything that is kept; the lab's runner says where. */
const store = () => {
  const folder = process.env.SLIPWAY_LAB_ACTIONS_CACHE;
  if (!folder) throw new Error("SLIPWAY_LAB_ACTIONS_CACHE is not set: this action is for the lab's runner");
  return folder;
};

/** What `path` names, that is or may be there. */
export const paths = (input) =>
  input
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line) => path.resolve(line.replace(/^~(?=\/)/, homedir())));

const entry = (key) => path.join(store(), createHash("sha256").update(key).digest("hex").slice(0, 32));

/** Copies a folder by links to its files: nobody changes a file of an installed package in place. */
function link(from, to) {
  mkdirSync(path.dirname(to), { recursive: true });
  const sameDisk = statSync(from).dev === statSync(path.dirname(to)).dev;
  execFileSync("cp", [sameDisk ? "-al" : "-a", from, to]);
}

/** Puts what is kept under the key where it was. Gives whether there was anything. */
export function restore(key, targets) {
  const folder = entry(key);
  if (!existsSync(folder)) return false;
  targets.forEach((target, i) => {
    const kept = path.join(folder, String(i));
    if (existsSync(kept) && !existsSync(target)) link(kept, target);
  });
  return true;
}

/** How many keys are kept. */
const keep = 3;

/** Keeps the folders under the key, unless it has been kept already. */
export function save(key, sources) {
  const folder = entry(key);
  if (existsSync(folder)) return false;
  const draft = `${folder}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  sources.forEach((source, i) => {
    if (existsSync(source)) link(source, path.join(draft, String(i)));
  });
  try {
    renameSync(draft, folder);
  } catch (error) {
    // Another job was quicker.
    rmSync(draft, { recursive: true });
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
  }
  const entries = readdirSync(store())
    .filter((name) => /^[0-9a-f]{32}$/.test(name))
    .map((name) => path.join(store(), name))
    .sort((a, b) => statSync(b).ctimeMs - statSync(a).ctimeMs);
  for (const old of entries.slice(keep)) rmSync(old, { recursive: true });
  return true;
}
