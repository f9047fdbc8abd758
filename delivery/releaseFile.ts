import { execa, type ExecaError } from "execa";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { isMap, isScalar, isSeq, parseDocument, stringify } from "yaml";
import { formatRelease, parseRelease, release, type Release } from "./release.ts";

/** What applies an environment. */
export type EngineName = "pulumi" | "kustomize";

/** The file of the config repository that names an environment's release. */
export interface ReleaseFile {
  /** Path in the repository. */
  path: string;
  /** The release that a text of the file names; undefined if it names none. */
  read(text: string): Release | undefined;
  /** The text with another release, all else kept. */
  write(text: string, release: Release): Promise<string>;
}

const imageTag = "slipway:imageTag";

/** Parses YAML, where each value is a text, whatever it looks like; fails with the file's name. */
function document(file: string, text: string) {
  const parsed = parseDocument(text, { schema: "failsafe" });
  if (parsed.errors[0]) throw new Error(`${file} is no valid YAML: ${parsed.errors[0].message}`);
  return parsed;
}

/** A stack's configuration. Its name is the stack's without the organization. */
function stackFile(stack: string): ReleaseFile {
  const file = `Pulumi.${stack.replace(/^.*\//, "")}.yaml`;
  return {
    path: file,
    read(text) {
      const value: unknown = document(file, text).getIn(["config", imageTag]);
      return typeof value === "string" && value ? parseRelease(value) : undefined;
    },
    async write(text, wanted) {
      const value = stringify(formatRelease(wanted)).trim();
      const parsed = document(file, text);
      const there = parsed.getIn(["config", imageTag], true);
      // Only the value's own characters: the change is one line, however the file is written.
      if (isScalar(there) && there.range)
        return `${text.slice(0, there.range[0])}${value}${text.slice(there.range[1])}`;
      const config = parsed.getIn(["config"]);
      if (isMap(config) && config.items.length > 0) {
        config.set(imageTag, formatRelease(wanted));
        return parsed.toString({ lineWidth: 0 });
      }
      return `${text.replace(/^config:.*\n?/m, "").replace(/(?<=[^\n])$/, "\n")}config:\n  ${imageTag}: ${value}\n`;
    },
  };
}

/** The kustomization of the vanilla engine: its first image. */
function kustomization(environment: string): ReleaseFile {
  const file = `deploy/${environment}/kustomization.yaml`;
  const image = (text: string) => {
    const images = document(file, text).get("images");
    const first = isSeq(images) ? images.items[0] : undefined;
    if (!isMap(first)) return undefined;
    const { name, newTag, digest } = first.toJSON() as Record<string, string | undefined>;
    return { name, newTag, digest };
  };
  return {
    path: file,
    read(text) {
      const { newTag, digest } = image(text) ?? {};
      return newTag ? release(newTag, digest || undefined) : undefined;
    },
    async write(text, wanted) {
      const { name } = image(text) ?? {};
      if (!name)
        throw new Error(`${file} has no image: its list "images" must begin with the app's, by name`);
      const folder = await mkdtemp(path.join(tmpdir(), "slipway-kustomization-"));
      try {
        const copy = path.join(folder, "kustomization.yaml");
        await writeFile(copy, text);
        const args = ["edit", "set", "image", `${name}:${formatRelease(wanted)}`];
        await execa("kustomize", args, { cwd: folder }).catch((error: ExecaError) => {
          if (error.code === "ENOENT") throw new Error("kustomize is not on PATH", { cause: error });
          throw new Error(`kustomize edit failed: ${String(error.stderr)}`, { cause: error });
        });
        return await readFile(copy, "utf8");
      } finally {
        await rm(folder, { recursive: true });
      }
    },
  };
}

/** The file that names an environment's release, with either engine. */
export const releaseFile = (engine: EngineName, environment: string, stack = environment): ReleaseFile =>
  engine === "pulumi" ? stackFile(stack) : kustomization(environment);
