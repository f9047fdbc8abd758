import { execa } from "execa";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { network } from "./addresses.ts";
import { containerdSocket } from "./containerd.ts";
import { findProgram } from "./debian.ts";
import { createDockerNetwork, removeDockerNetwork } from "./dockerNetwork.ts";
import { cgroupRoot, removeCgroups } from "./kubernetes/cgroups.ts";
import { stateDir } from "./paths.ts";
import { isRunning, startProcess, stopProcess, waitFor } from "./process.ts";

const socket = path.join(stateDir, "docker.sock");
const cgroup = `${cgroupRoot}-docker`;

/** `DOCKER_HOST` of the engine that the lab starts. */
export const labDockerHost = `unix://${socket}`;

/** Whether the lab runs an engine of its own. */
export const hasOwnEngine = () => isRunning("dockerd");

const answers = async () =>
  !(
    await execa("docker", ["version", "--format", "{{.Server.Version}}"], {
      env: { DOCKER_HOST: labDockerHost },
      reject: false,
      timeout: 5000,
    })
  ).failed;

/** The engine's flags: everything of its own below `folder`, on the lab's bridge and in the lab's cgroup. */
export const dockerdArguments = (folder: string): string[] => [
  ...["--host", `unix://${path.join(folder, "docker.sock")}`],
  ...["--containerd", path.join(folder, path.basename(containerdSocket))],
  ...["--data-root", path.join(folder, "docker")],
  ...["--exec-root", path.join(folder, "docker-exec")],
  ...["--pidfile", path.join(folder, "docker.pid")],
  ...["--cgroup-parent", cgroup],
  ...["--bridge", network.dockerBridge],
  "--iptables=false",
  "--ip6tables=false",
  "--ip-forward=false",
  "--ip-masq=false",
  // Containers that do not end on being asked are ended: nothing in them outlives the lab anyway.
  ...["--shutdown-timeout", "1"],
  // A negative value, dockerd's own default, needs a capability that containers and CI machines lack.
  ...["--oom-score-adjust", "0"],
  ...["--log-level", "warn"],
];

/** Starts the lab's own Docker engine, on the lab's containerd. Fails with the end of its log. */
export async function startDocker(): Promise<void> {
  if (hasOwnEngine()) return;
  const command = findProgram("dockerd");
  if (!command)
    throw new Error("dockerd is not installed; install Debian's docker.io, or start a Docker engine");
  mkdirSync(stateDir, { recursive: true });
  await createDockerNetwork();
  await startProcess({ name: "dockerd", command, args: dockerdArguments(stateDir), stopSeconds: 15 });
  await waitFor("dockerd", 30, answers);
}

/** Stops the lab's own Docker engine, if there is one, and removes what it ran in. */
export async function stopDocker(): Promise<void> {
  await stopProcess("dockerd");
  await removeCgroups(cgroup);
  await removeDockerNetwork();
}
