import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { network, privateRegistryAddress, registryAddress } from "./addresses.ts";
import { ctr, removeContainers } from "./containers.ts";
import { cniFolders, findProgram } from "./debian.ts";
import { unmountBelow } from "./mounts.ts";
import { stateDir } from "./paths.ts";
import { startProcess, stopProcess, waitFor } from "./process.ts";
import { importSandboxImage, sandboxImage } from "./sandboxImage.ts";

export { containerdSocket } from "./containers.ts";

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
    [${cri}.containerd.runtimes.runc.options]
      Root = "${folder}/runc"
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

/**
 * Starts the lab's containerd. `pause` is the static program that its sandbox image is made of. Fails
 * with the end of its log.
 */
export async function startContainerd(pause: string): Promise<void> {
  const command = findProgram("containerd");
  const cniBinDir = cniFolders.find((folder) => existsSync(folder));
  if (!command || !cniBinDir)
    throw new Error("containerd or the CNI plugins are not installed; see the step before this one");
  mkdirSync(cniConfDir, { recursive: true });
  const file = path.join(stateDir, "containerd.toml");
  writeFileSync(file, containerdConfig(stateDir, cniBinDir));
  writeFileSync(path.join(cniConfDir, "10-slipway.conflist"), cniConfig(stateDir));
  for (const address of [registryAddress, privateRegistryAddress]) {
    mkdirSync(path.join(registriesDir, address), { recursive: true });
    writeFileSync(path.join(registriesDir, address, "hosts.toml"), registryHosts(address));
  }
  await startProcess({ name: "containerd", command, args: ["--config", file, "--log-level", "warn"] });
  await waitFor("containerd", 15, async () => !(await ctr("k8s.io", "version")).failed);
  await importSandboxImage(pause);
}

/** Stops containerd with every container of the lab, and unmounts what they had mounted. */
export async function stopContainerd(): Promise<void> {
  await Promise.all(["k8s.io", "moby"].map(removeContainers));
  await stopProcess("containerd");
  await unmountBelow(stateDir);
}
