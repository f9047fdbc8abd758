import { execa } from "execa";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import path from "node:path";
import { network, registryAddress } from "./addresses.ts";
import { cniFolders, findProgram } from "./debian.ts";
import { unmountBelow } from "./mounts.ts";
import { stateDir } from "./paths.ts";
import { isRunning, startProcess, stopProcess, waitFor } from "./process.ts";

/** Socket of the lab's containerd, which serves Kubernetes and the lab's Docker engine. */
export const containerdSocket = path.join(stateDir, "containerd.sock");

const sandboxImage = "slipway.lab/pause:1";
const cniConfDir = path.join(stateDir, "cni/net.d");
const registriesDir = path.join(stateDir, "registries");

/** containerd 1.6 configuration, in TOML; every path is below `folder`. */
export function containerdConfig(folder: string, cniBinDir: string): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return `version = 2
root = "${folder}/containerd"
state = "${folder}/containerd-run"

[grpc]
  address = "${folder}/containerd.sock"

[${cri}]
  sandbox_image = "${sandboxImage}"
  # A negative score needs a capability that containers and CI machines lack.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [${cri}.containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [${cri}.cni]
    bin_dir = "${cniBinDir}"
    conf_dir = "${folder}/cni/net.d"
  [${cri}.registry]
    config_path = "${folder}/registries"
`;
}

/** How pods get their addresses: one bridge on this machine, nothing translated. */
export const cniConfig = (folder: string): string =>
  JSON.stringify(
    {
      cniVersion: "1.0.0",
      name: "slipway",
      plugins: [
        {
          type: "bridge",
          bridge: network.podBridge,
          isGateway: true,
          hairpinMode: true,
          ipam: {
            type: "host-local",
            dataDir: path.join(folder, "cni/ipam"),
            ranges: [[{ subnet: network.podCidr }]],
            routes: [{ dst: "0.0.0.0/0" }],
          },
        },
      ],
    },
    null,
    2,
  );

/** The lab's registry speaks plain HTTP. */
export const registryHosts = (address: string): string =>
  `server = "http://${address}"\n\n[host."http://${address}"]\n  capabilities = ["pull", "resolve"]\n`;

/** `ctr` on the lab's containerd, in a namespace of it. */
export const ctr = (namespace: string, ...args: string[]) =>
  execa("ctr", ["--address", containerdSocket, "--namespace", namespace, ...args], {
    reject: false,
    timeout: 20_000,
  });

/** Makes the image that holds each pod's namespaces open, from one static program, and imports it. */
async function importSandboxImage(pause: string): Promise<void> {
  if (String((await ctr("k8s.io", "images", "list", "-q")).stdout).includes(sandboxImage)) return;
  const folder = mkdtempSync(path.join(tmpdir(), "slipway-pause-"));
  try {
    await execa("tar", ["-cf", `${folder}/layer.tar`, "-C", path.dirname(pause), path.basename(pause)]);
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

/**
 * Starts the lab's containerd. `pause` is the static program that its sandbox image is made of. Fails
 * with the end of its log.
 */
export async function startContainerd(pause: string): Promise<void> {
  const command = findProgram("containerd");
  const cniBinDir = cniFolders.find((folder) => existsSync(folder));
  if (!command || !cniBinDir)
    throw new Error("containerd or the CNI plugins are not installed; see the step before this one");
  for (const folder of [cniConfDir, path.join(registriesDir, registryAddress)])
    mkdirSync(folder, { recursive: true });
  const file = path.join(stateDir, "containerd.toml");
  writeFileSync(file, containerdConfig(stateDir, cniBinDir));
  writeFileSync(path.join(cniConfDir, "10-slipway.conflist"), cniConfig(stateDir));
  writeFileSync(path.join(registriesDir, registryAddress, "hosts.toml"), registryHosts(registryAddress));
  await startProcess({ name: "containerd", command, args: ["--config", file, "--log-level", "warn"] });
  await waitFor("containerd", 15, async () => !(await ctr("k8s.io", "version")).failed);
  await importSandboxImage(pause);
}

/** Processes of this machine whose command line has each of these words. */
function processesWith(...words: string[]): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
        return words.every((word) => line.includes(word));
      } catch {
        return false; // it has ended meanwhile
      }
    })
    .map(Number);
}

const childrenOf = (pid: number): number[] => {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
      .trim()
      .split(" ")
      .filter(Boolean)
      .map(Number);
  } catch {
    return [];
  }
};

/** Ends every container of the lab, also where its containerd is gone: through their shims. */
export function endContainers(): void {
  for (const shim of processesWith("containerd-shim", containerdSocket))
    for (const pid of [...childrenOf(shim), shim]) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        continue; // it has ended meanwhile
      }
    }
}

/** Removes the containers, sandboxes and tasks of one namespace of the running containerd. */
export async function removeContainers(namespace: string): Promise<void> {
  if (!isRunning("containerd")) return;
  const list = async (kind: string) =>
    String((await ctr(namespace, kind, "list", "-q")).stdout)
      .split("\n")
      .filter(Boolean);
  await Promise.all((await list("tasks")).map((id) => ctr(namespace, "tasks", "delete", "--force", id)));
  await Promise.all((await list("containers")).map((id) => ctr(namespace, "containers", "delete", id)));
}

/** Stops containerd with every container of the lab, and unmounts what they had mounted. */
export async function stopContainerd(): Promise<void> {
  await Promise.all(["k8s.io", "moby"].map(removeContainers));
  await stopProcess("containerd");
  endContainers();
  await unmountBelow(stateDir);
}
