import { execa } from "execa";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { ctr } from "./containers.ts";

/** Name of the image that each pod's first container is of. */
export const sandboxImage = "slipway.lab/pause:1";

/** Makes the image that holds each pod's namespaces open, from one static program, and imports it. */
export async function importSandboxImage(pause: string): Promise<void> {
  if (String((await ctr("k8s.io", "images", "list", "-q")).stdout).includes(sandboxImage)) return;
  const folder = mkdtempSync(path.join(tmpdir(), "slipway-pause-"));
  try {
    // The program, should its path be a link to it.
    const program = ["--dereference", "-C", path.dirname(pause), path.basename(pause)];
    await execa("tar", ["-cf", `${folder}/layer.tar`, ...program]);
    const layer = createHash("sha256")
      .update(readFileSync(`${folder}/layer.tar`))
      .digest("hex");
    const config = {
      architecture: process.arch === "arm64" ? "arm64" : "amd64",
      os: "linux",
      config: { Entrypoint: [`/${path.basename(pause)}`], User: "65535:65535" },
      rootfs: { type: "layers", diff_ids: [`sha256:${layer}`] },
    };
    writeFileSync(`${folder}/config.json`, JSON.stringify(config));
    const manifest = [{ Config: "config.json", RepoTags: [sandboxImage], Layers: ["layer.tar"] }];
    writeFileSync(`${folder}/manifest.json`, JSON.stringify(manifest));
    const files = ["manifest.json", "config.json", "layer.tar"];
    await execa("tar", ["-cf", `${folder}/image.tar`, "-C", folder, ...files]);
    const result = await ctr("k8s.io", "images", "import", `${folder}/image.tar`);
    if (result.failed) throw new Error(`can't import the pods' sandbox image: ${result.stderr}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
