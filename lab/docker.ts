import { execa } from "execa";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { containerdSocket } from "./containerd.ts";
import { findProgram } from "./debian.ts";
import { stateDir } from "./paths.ts";
import { isRunning, startProcess, stopProcess, waitFor } from "./process.ts";

const socket = path.join(stateDir, "docker.sock");

/** `DOCKER_HOST` of the engine that the lab starts. */
export const labDockerHost = `unix://${socket}`;

/** Whether the lab runs an engine of its own. */
export const hasOwnEngine = () => isRunning("dockerd");

const answers = async (env: NodeJS.ProcessEnv) =>
  !(
    await execa("docker", ["version", "--format", "{{.Server.Version}}"], {
      env,
      reject: false,
      timeout: 5000,
    })
  ).failed;

/** Whether an engine that is not the lab's answers where the user's `docker` looks. */
export const userEngineAnswers = () => answers({});

/**
 * The engine's flags. It has no network of its own and touches no firewall rule: what it is here for,
 * building and pushing, needs none, and nothing of it stays behind.
 */
export const dockerdArguments = (folder: string): string[] => [
  ...["--host", `unix://${path.join(folder, "docker.sock")}`],
  ...["--containerd", path.join(folder, path.basename(containerdSocket))],
  ...["--data-root", path.join(folder, "docker")],
  ...["--exec-root", path.join(folder, "docker-exec")],
  ...["--pidfile", path.join(folder, "docker.pid")],
  ...["--bridge", "none"],
  "--iptables=false",
  "--ip6tables=false",
  "--ip-forward=false",
  "--ip-masq=false",
  // A negative value, dockerd's own default, needs a capability that containers and CI machines lack.
  ...["--oom-score-adjust", "0"],
  ...["--log-level", "warn"],
];

/** Starts the lab's own Docker engine, on the lab's containerd. Fails with the end of its log. */
export async function startDocker(): Promise<void> {
  mkdirSync(stateDir, { recursive: true });
  const command = findProgram("dockerd");
  if (!command)
    throw new Error("dockerd is not installed; install Debian's docker.io, or start a Docker engine");
  await startProcess({ name: "dockerd", command, args: dockerdArguments(stateDir), stopSeconds: 15 });
  await waitFor("dockerd", 30, () => answers({ DOCKER_HOST: labDockerHost }));
}

/** Stops the lab's own Docker engine, if there is one. */
export const stopDocker = () => stopProcess("dockerd");
