import { lstatSync, mkdirSync, readlinkSync, renameSync, symlinkSync } from "node:fs";
import path from "node:path";
import { installedVersion } from "./installed.ts";
import { binDir, pulumiHome } from "./paths.ts";

/** Makes `link` point to `target`, in one step, and its folder if need be. */
function pointTo(link: string, target: string): void {
  mkdirSync(path.dirname(link), { recursive: true });
  if (lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink() && readlinkSync(link) === target) return;
  const draft = `${link}.${process.pid}`;
  symlinkSync(target, draft);
  renameSync(draft, link);
}

const forUsers = ["pulumi", "pulumi-language-nodejs", "kubectl", "kustomize"] as const;
const providers = ["kubernetes", "digitalocean", "docker"] as const;

/** The tools that `installPulumiHome` lays out. */
export type PulumiTools = Record<
  (typeof forUsers)[number] | `pulumi-resource-${(typeof providers)[number]}`,
  string
>;

/**
 * Links the tools to where the engine, the npm package `pulumi` and the user's PATH look for them:
 * provider plugins at the version of their installed SDK, the CLI at the version of that package, and
 * `binDir`. Quick, and changes nothing that is right already.
 */
export function installPulumiHome(tools: PulumiTools): void {
  for (const name of providers) {
    const plugin = `pulumi-resource-${name}` as const;
    const folder = `resource-${name}-v${installedVersion(`@pulumi/${name}`)}`;
    pointTo(path.join(pulumiHome, "plugins", folder, plugin), tools[plugin]);
  }
  pointTo(path.join(pulumiHome, "versions", installedVersion("pulumi"), "bin", "pulumi"), tools.pulumi);
  for (const name of forUsers) pointTo(path.join(binDir, name), tools[name]);
}
