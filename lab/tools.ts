import path from "node:path";
import { bundle, bundles, type BundleName } from "./bundles.ts";
import type { Report } from "./cache.ts";
import { goTool, type GoToolName } from "./go-tools.ts";
import { officialProgram } from "./official.ts";

/** Each program of the lab that is built here, and what builds it. */
const programs = {
  "kube-apiserver": "kubernetes",
  "kube-controller-manager": "kubernetes",
  "kube-scheduler": "kubernetes",
  kubelet: "kubernetes",
  "kube-proxy": "kubernetes",
  kubectl: "kubernetes",
  kustomize: "kubernetes",
  pause: "kubernetes",
  pulumi: "pulumi",
  "pulumi-resource-kubernetes": "pulumi-resource-kubernetes",
  "pulumi-resource-github": "pulumi-resource-github",
  act: "actions",
  actionlint: "actions",
  "pulumi-language-nodejs": "pulumi-language-nodejs",
  "pulumi-resource-digitalocean": "pulumi-resource-digitalocean",
  "pulumi-resource-docker": "pulumi-resource-docker",
} as const satisfies Record<string, GoToolName | BundleName>;

/** Name of a program that the lab builds. */
export type ToolName = keyof typeof programs;
/** All of them. */
export const toolNames = Object.keys(programs) as ToolName[];

const isBundle = (source: GoToolName | BundleName): source is BundleName => source in bundles;

/**
 * Sees to these programs, and gives the path of each: Pulumi's own where the machine has it at the
 * pinned version, else what the cache has, else one built now. From an empty cache this takes minutes,
 * nearly all of it Go compiling; from a warm one, a fraction of a second.
 *
 * @param report takes the latest line of progress (which step, how long, what it waits for); in a
 *   listr2 task, `(line) => (task.output = line)`.
 * @throws if Go is missing or too old, or a build fails, saying what to do.
 */
export async function ensureTools<Name extends ToolName>(
  names: readonly Name[],
  report: Report,
): Promise<Record<Name, string>> {
  const folders = new Map<string, Promise<string>>();
  const folderOf = (source: GoToolName | BundleName) => {
    const folder =
      folders.get(source) ?? (isBundle(source) ? bundle(source, report) : goTool(source, report));
    folders.set(source, folder);
    return folder;
  };
  const paths = await Promise.all(
    names.map(async (name) => [
      name,
      (await officialProgram(name)) ?? path.join(await folderOf(programs[name]), name),
    ]),
  );
  return Object.fromEntries(paths) as Record<Name, string>;
}
