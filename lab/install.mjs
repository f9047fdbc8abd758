// Run by npm before `npm start` and `npm test`: installs the packages of package-lock.json where that
// has not been done, so that a fresh clone needs no step by hand. Uses nothing but Node, of any age.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const oldestNode = "22.18";

/** Whether a version such as `v22.18.0` is at least one such as `22.18`. */
export function atLeast(version, oldest) {
  const [major, minor] = version.replace(/^v/, "").split(".").map(Number);
  const [oldestMajor, oldestMinor] = oldest.split(".").map(Number);
  return major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
}

/**
 * Whether what npm says it has installed (node_modules/.package-lock.json) is what package-lock.json
 * asks for. Optional packages may be absent: they are for other systems.
 */
export function isInstalled(wanted, installed) {
  return Object.entries(wanted.packages).every(([folder, { version, integrity, optional }]) => {
    const found = installed.packages[folder];
    if (folder === "" || (!found && optional)) return true;
    return found?.version === version && found?.integrity === integrity;
  });
}

function isUpToDate(folder) {
  const record = path.join(folder, "node_modules", ".package-lock.json");
  const read = (file) => JSON.parse(readFileSync(file, "utf8"));
  return existsSync(record) && isInstalled(read(path.join(folder, "package-lock.json")), read(record));
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

function install(folder) {
  const started = Date.now();
  console.log(
    "Installing npm packages (npm ci); this is done once, and again when package-lock.json changes",
  );
  const npm = spawnSync("npm", ["ci", "--loglevel=error", "--no-audit", "--no-fund"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (npm.error) fail(`can't run npm: ${npm.error.message}`);
  if (npm.status !== 0) fail(`npm ci failed with exit code ${npm.status}; its own words are above`);

  const node = path.join(folder, "node_modules", ".bin", "node");
  const version = existsSync(node) ? execFileSync(node, ["--version"], { encoding: "utf8" }).trim() : "none";
  if (!atLeast(version, oldestNode))
    fail(
      `node_modules/.bin/node should be Node ${oldestNode} or newer and is ${version}: delete node_modules, try again`,
    );
  console.log(`Installed npm packages in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const folder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
  if (!isUpToDate(folder)) install(folder);
}
