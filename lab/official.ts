import { execa } from "execa";
import { existsSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { installedVersion } from "./installed.ts";
import { cacheDir, pulumiHome } from "./paths.ts";

/**
 * Where Pulumi's own programs may be on a user's machine already, best first, at exactly the versions
 * that the checkout pins: the CLI and its language host where its npm package or its installer leave
 * them, or on PATH; a provider plugin where `pulumi plugin install` leaves it.
 *
 * @param home the user's Pulumi folder, `~/.pulumi` by default.
 * @param version of the npm package that belongs to the program.
 * @param searchPath the folders of PATH.
 */
export function officialPlaces(name: string, home: string, version: string, searchPath: string[]): string[] {
  const provider = /^pulumi-resource-(.+)$/.exec(name)?.[1];
  if (provider) return [path.join(home, "plugins", `resource-${provider}-v${version}`, name)];
  // A link to the npm package's launcher is no CLI: it would download one.
  const folders = searchPath.filter((folder) => !folder.split(path.sep).includes("node_modules"));
  return [path.join(home, "versions", version, "bin"), path.join(home, "bin"), ...folders].map((folder) =>
    path.join(folder, name),
  );
}

const isBelow = (file: string, folder: string) => !path.relative(folder, file).startsWith("..");
const userHome = () => {
  const home = process.env.PULUMI_HOME;
  return home && path.resolve(home) !== pulumiHome ? home : path.join(homedir(), ".pulumi");
};

/** Whether a file is a program that the lab didn't build: links of the lab lead into its cache. */
const isForeign = (file: string) => existsSync(file) && !isBelow(realpathSync(file), cacheDir);

/** The pinned version's CLI on this machine, if there is one that the lab didn't build. */
async function officialCli(): Promise<string | undefined> {
  const version = installedVersion("pulumi");
  const searchPath = (process.env.PATH ?? "").split(path.delimiter);
  for (const file of officialPlaces("pulumi", userHome(), version, searchPath).filter(isForeign)) {
    const { stdout } = await execa(file, ["version"], { reject: false });
    if (stdout?.trim() === `v${version}`) return file;
  }
  return undefined;
}

/**
 * The path of an official program of Pulumi that this machine has at the version that the checkout
 * pins; undefined if it has none, or the program is none of Pulumi's.
 */
export async function officialProgram(name: string): Promise<string | undefined> {
  const provider = /^pulumi-resource-(.+)$/.exec(name)?.[1];
  if (provider)
    return officialPlaces(name, userHome(), installedVersion(`@pulumi/${provider}`), []).find(isForeign);
  if (name !== "pulumi" && name !== "pulumi-language-nodejs") return undefined;
  const cli = await officialCli();
  if (!cli || name === "pulumi") return cli;
  return [path.join(path.dirname(realpathSync(cli)), name)].find(isForeign);
}
