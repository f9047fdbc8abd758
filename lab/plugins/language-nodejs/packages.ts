import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

/** A provider package that a program depends on. */
export interface ProviderPackage {
  name: string;
  version: string;
  server?: string;
}

interface Manifest {
  name?: string;
  version?: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  pulumi?: { resource?: boolean; name?: string; version?: string; server?: string };
}

const read = (folder: string): Manifest | undefined => {
  const file = path.join(folder, "package.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Manifest) : undefined;
};

/** The folder of a dependency, looked for as Node does: in `node_modules` of each folder upwards. */
function locate(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, "node_modules", name);
    if (existsSync(path.join(candidate, "package.json"))) return candidate;
    if (folder === path.dirname(folder)) return undefined;
  }
}

/** Direct and transitive dependencies of the program in `folder`, each folder once. */
function dependencies(folder: string): Manifest[] {
  const found = new Map<string, Manifest>();
  const visit = (at: string, manifest: Manifest | undefined, direct: boolean) => {
    const names = { ...manifest?.dependencies, ...(direct ? manifest?.devDependencies : {}) };
    for (const name of Object.keys(names)) {
      const home = locate(name, at);
      if (!home || found.has(home)) continue;
      const dependency = read(home) as Manifest;
      found.set(home, dependency);
      visit(home, dependency, false);
    }
  };
  visit(folder, read(folder), true);
  return [...found.values()];
}

/** The providers whose SDKs the program in `folder` depends on: what its `up` may need plugins for. */
export function providerPackages(folder: string): ProviderPackage[] {
  return dependencies(folder)
    .filter((manifest) => manifest.pulumi?.resource)
    .map(({ name = "", version = "", pulumi }) => ({
      name: pulumi?.name ?? name.replace(/^@[^/]*\//, ""),
      version: pulumi?.version ?? version,
      server: pulumi?.server,
    }));
}

/** Name and installed version of every direct dependency of the program in `folder`. */
export function programDependencies(
  folder: string,
  transitive: boolean,
): { name: string; version: string }[] {
  const manifest = read(folder);
  const direct = new Set(Object.keys({ ...manifest?.dependencies, ...manifest?.devDependencies }));
  return dependencies(folder)
    .filter(({ name }) => transitive || direct.has(name ?? ""))
    .map(({ name = "", version = "" }) => ({ name, version }));
}
