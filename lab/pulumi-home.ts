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
 * Where the engine, the npm package `pulumi` and the user's PATH look for the tools, as link to target:
 * provider plugins at the version of their installed SDK, the CLI at the version of that package.
 */
export function pulumiLinks(tools: PulumiTools): Record<string, string> {
  const links = new Map<string, string>();
  for (const name of providers) {
    const plugin = `pulumi-resource-${name}` as const;
    const folder = `resource-${name}-v${installedVersion(`@pulumi/${name}`)}`;
    links.set(path.join(pulumiHome, "plugins", folder, plugin), tools[plugin]);
  }
  links.set(path.join(pulumiHome, "versions", installedVersion("pulumi"), "bin", "pulumi"), tools.pulumi);
  for (const name of forUsers) links.set(path.join(binDir, name), tools[name]);
  return Object.fromEntries(links);
}

/** Makes the links of `pulumiLinks`. Quick, and changes nothing that is right already. */
export function installPulumiHome(tools: PulumiTools): void {
  for (const [link, target] of Object.entries(pulumiLinks(tools))) pointTo(link, target);
}
