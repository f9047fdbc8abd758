import {
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
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

/** Makes `file` the same file as `source`, or a copy of it where they are on different file systems. */
function placeAs(file: string, source: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const [there, wanted] = [statSync(file, { throwIfNoEntry: false }), statSync(source)];
  if (there && (there.ino === wanted.ino || (there.size === wanted.size && there.mtimeMs >= wanted.mtimeMs)))
    return;
  const draft = `${file}.${process.pid}`;
  rmSync(draft, { force: true });
  try {
    linkSync(source, draft);
  } catch {
    copyFileSync(source, draft);
  }
  renameSync(draft, file);
}

const forUsers = ["pulumi", "kubectl", "kustomize", "act", "actionlint"] as const;
const providers = ["kubernetes", "github", "digitalocean", "docker"] as const;

/** The tools that `installPulumiHome` lays out. */
export type PulumiTools = Record<
  (typeof forUsers)[number] | "pulumi-language-nodejs" | `pulumi-resource-${(typeof providers)[number]}`,
  string
>;

/** The CLI, where the npm package `pulumi` looks for it at its own version. */
const cli = () => path.join(pulumiHome, "versions", installedVersion("pulumi"), "bin", "pulumi");

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
  links.set(path.join(path.dirname(cli()), "pulumi-language-nodejs"), tools["pulumi-language-nodejs"]);
  for (const name of forUsers) links.set(path.join(binDir, name), name === "pulumi" ? cli() : tools[name]);
  return Object.fromEntries(links);
}

/**
 * Makes the links of `pulumiLinks`, and puts the CLI itself beside the language host: the engine warns of
 * one that it finds elsewhere on PATH. Quick, and changes nothing that is right already.
 */
export function installPulumiHome(tools: PulumiTools): void {
  placeAs(cli(), tools.pulumi);
  for (const [link, target] of Object.entries(pulumiLinks(tools))) pointTo(link, target);
}
