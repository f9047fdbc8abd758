import { execa } from "execa";
import { globSync, readdirSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { unmountBelow } from "./mounts.ts";
import { stateDir } from "./paths.ts";
import { isRunning } from "./process.ts";

/** Socket of the lab's containerd, which serves Kubernetes and the lab's Docker engine. */
export const containerdSocket = path.join(stateDir, "containerd.sock");

const runtimeDir = path.join(stateDir, "containerd-run");

/** `ctr` on the lab's containerd, in a namespace of it. */
export const ctr = (namespace: string, ...args: string[]) =>
  execa("ctr", ["--address", containerdSocket, "--namespace", namespace, ...args], {
    reject: false,
    timeout: 20_000,
  });

/** A process that holds a container: containerd's shim, one for each pod. */
interface Shim {
  pid: number;
  namespace: string;
}

/** What a shim of the containerd at `socket` says of itself on its command line (NUL-separated); else undefined. */
export function shimNamespace(commandLine: string, socket: string): string | undefined {
  const [program = "", ...args] = commandLine.split("\0");
  const valueOf = (flag: string) => args[args.indexOf(flag) + 1];
  if (!path.basename(program).startsWith("containerd-shim") || valueOf("-address") !== socket)
    return undefined;
  return valueOf("-namespace");
}

/** Reads a file of /proc; the empty text if the process has ended. */
function readProc(file: string): string {
  try {
    return readFileSync(path.join("/proc", file), "utf8");
  } catch {
    return "";
  }
}

/** The lab's shims, whether its containerd runs or not. */
function shims(): Shim[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      const namespace = shimNamespace(readProc(`${pid}/cmdline`), containerdSocket);
      return namespace ? [{ pid: Number(pid), namespace }] : [];
    });
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error; // it has ended meanwhile
  }
}

/** Ends the containers that outlived their containerd, or that it did not remove within a second. */
async function endShims(namespace: string): Promise<void> {
  const left = () => shims().filter((shim) => shim.namespace === namespace);
  if (isRunning("containerd")) for (let tries = 0; tries < 20 && left().length > 0; tries++) await sleep(50);
  for (const shim of left()) {
    const children = readProc(`${shim.pid}/task/${shim.pid}/children`).split(" ").filter(Boolean);
    [...children.map(Number), shim.pid].forEach(kill);
  }
}

/** Has the running containerd remove the containers of a namespace. */
async function removeByContainerd(namespace: string): Promise<void> {
  const list = async (kind: string) =>
    String((await ctr(namespace, kind, "list", "-q")).stdout)
      .split("\n")
      .filter(Boolean);
  await Promise.all((await list("tasks")).map((id) => ctr(namespace, "tasks", "delete", "--force", id)));
  await Promise.all((await list("containers")).map((id) => ctr(namespace, "containers", "delete", id)));
}

/**
 * Removes every container of a containerd namespace of the lab at once, and what it had outside the
 * state folder, whether containerd still runs or not.
 */
export async function removeContainers(namespace: string): Promise<void> {
  if (isRunning("containerd")) await removeByContainerd(namespace);
  await endShims(namespace);
  const tasks = path.join(runtimeDir, "io.containerd.runtime.v2.task", namespace);
  for (const address of globSync(path.join(tasks, "*/address")))
    rmSync(readFileSync(address, "utf8").replace("unix://", ""), { force: true });
  await unmountBelow(tasks);
}

/** Where CNI writes down which links it gave to which pod (libcni's default, which containerd keeps). */
const cniResults = "/var/lib/cni/results";

/** Removes every pod of the lab with its network namespace and addresses, but not the pods' links. */
export async function removePods(): Promise<void> {
  await removeContainers("k8s.io");
  const cri = path.join(runtimeDir, "io.containerd.grpc.v1.cri");
  await unmountBelow(cri);
  for (const result of globSync(path.join(cri, "sandboxes/*")).flatMap((folder) =>
    globSync(path.join(cniResults, `*-${path.basename(folder)}-*`)),
  ))
    rmSync(result);
  rmSync(path.join(stateDir, "cni/ipam"), { recursive: true, force: true });
}
