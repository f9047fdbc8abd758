import { execa } from "execa";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { createServer } from "node:net";
import path from "node:path";
import { network, ports } from "./addresses.ts";
import { findProgram } from "./debian.ts";
import { cacheDir, stateDir } from "./paths.ts";
import { listProcesses } from "./process.ts";

/** Something that the lab needs of the kernel. */
interface Probe {
  /** Tries it, in a shell whose network and mounts are its own, so that nothing stays. */
  command: string;
  /** Program that the command runs, where it may not be installed yet. */
  program?: string;
  /** What it means that the command fails, and what to do. */
  problem: string;
}

/** What is tried on the kernel. The first is what all others need. */
export const probes = {
  isolation: {
    command: "true",
    problem:
      "mounts and networks of the lab's own are not allowed here: if this is a container, run it with --privileged",
  },
  cgroups: {
    command: "test -w /sys/fs/cgroup/cgroup.procs || test -w /sys/fs/cgroup/memory/cgroup.procs",
    problem:
      "no cgroups are at /sys/fs/cgroup, or they are read-only: mount them, or run this container with --privileged",
  },
  overlay: {
    command:
      'cd "$FOLDER" && mkdir lower upper work merged && mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged',
    problem: `no overlay file system can be mounted below ${path.dirname(stateDir)}: modprobe overlay, or set SLIPWAY_LAB_DIR to a folder on a disk of its own`,
  },
  bridge: {
    command: "ip link add slipway type bridge",
    program: "ip",
    problem: "the kernel makes no network bridge: modprobe bridge",
  },
  veth: {
    command: "ip link add slipway-a type veth peer name slipway-b",
    program: "ip",
    problem: "the kernel makes no pair of virtual network links: modprobe veth",
  },
  nat: {
    command:
      "nft 'table ip slipway { chain c { type nat hook postrouting priority srcnat; ip saddr 192.0.2.1 masquerade; }; }'",
    program: "nft",
    problem: "the kernel takes no nftables rules that translate addresses: modprobe nft_chain_nat nft_masq",
  },
} satisfies Record<string, Probe>;

/** What the lab finds out about a machine before it starts anything. */
export interface Facts {
  platform: string;
  isRoot: boolean;
  /** Ports of the lab that something else listens on, with who it is where that can be seen. */
  takenPorts: { port: number; by: string }[];
  /** Links of the lab's names that it did not make itself. */
  takenLinks: string[];
  /** What the kernel, or a container that this runs in, does not allow. */
  failedProbes: (keyof typeof probes)[];
  /** Whether tools must be built and there is no Go. */
  needsGo: boolean;
  /** Free space where the lab writes, and the variable that moves the folder. */
  space: { folder: string; freeGiB: number; neededGiB: number; variable: string }[];
}

/** Space for images and containers; for the tools' first build; and for later ones. In GiB. */
const needed = { state: 2, firstBuild: 8, cache: 1 };

const isTaken = (port: number) =>
  new Promise<boolean>((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(true));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(false)));
  });

/** Who listens on a TCP port, by the lines of `ss -Hltnp`; undefined where it does not say. */
export function listener(lines: string, port: number): { program: string; pid: number } | undefined {
  const line = lines.split("\n").find((candidate) => candidate.split(/\s+/)[3]?.endsWith(`:${port}`));
  const [, program, pid] = line?.match(/\(\("([^"]+)",pid=(\d+)/) ?? [];
  return program ? { program, pid: Number(pid) } : undefined;
}

/** What a process was started as; where it has ended, or is another user's, what `ss` calls it. */
function describe({ program, pid }: { program: string; pid: number }): string {
  const file = `/proc/${pid}/cmdline`;
  const command = existsSync(file) ? readFileSync(file, "utf8").replaceAll("\0", " ").trim() : "";
  return `${command.slice(0, 60) || program} (process ${pid})`;
}

/** The lab's ports that others listen on; `own` are the processes of the lab itself. */
async function takenPorts(own: number[]): Promise<Facts["takenPorts"]> {
  const all = Object.values(ports);
  const taken = (await Promise.all(all.map(isTaken))).flatMap((is, i) => (is ? [all[i] as number] : []));
  if (taken.length === 0) return [];
  const lines = findProgram("ss") ? (await execa("ss", ["-Hltnp"], { reject: false })).stdout : "";
  return taken
    .map((port) => ({ port, by: listener(lines, port) }))
    .filter(({ by }) => !by || !own.includes(by.pid))
    .map(({ port, by }) => ({ port, by: by ? describe(by) : "another program" }));
}

/** The folder itself, or the nearest one above it that there is. */
const existing = (folder: string): string => (existsSync(folder) ? folder : existing(path.dirname(folder)));

/** Runs the probes, and names those that fail. One whose program is not installed yet is left out. */
async function failedProbes(): Promise<Facts["failedProbes"]> {
  const names = Object.keys(probes) as (keyof typeof probes)[];
  const tried = names.filter((name) => {
    const { program } = probes[name] as Probe;
    return !program || findProgram(program);
  });
  const parent = path.dirname(stateDir);
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(path.join(parent, "probe-"));
  try {
    const script = tried.map((name) => `(${probes[name].command}) >&2 || echo ${name}`).join("\n");
    const { failed, stdout } = await execa("unshare", ["--mount", "--net", "sh", "-c", script], {
      env: { FOLDER: folder },
      reject: false,
    });
    if (failed) return ["isolation"];
    return stdout.split("\n").filter(Boolean) as Facts["failedProbes"];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const freeGiB = (folder: string): number => {
  const { bavail, bsize } = statfsSync(existing(folder));
  return (bavail * bsize) / 2 ** 30;
};

/** Looks at this machine. What a lab that runs has taken is its own, and not counted. */
export async function gatherFacts(): Promise<Facts> {
  const own = listProcesses().filter((record) => record.running);
  const runs = own.length > 0;
  const isRoot = process.getuid?.() === 0;
  const linux = process.platform === "linux";
  const links = [network.nodeBridge, network.podBridge, network.dockerBridge];
  const tools = path.join(cacheDir, "tools");
  const built =
    existsSync(tools) && readdirSync(tools).some((name) => /^kubernetes-[0-9a-f]{16}$/.test(name));
  return {
    platform: process.platform,
    isRoot,
    takenPorts: await takenPorts(own.map(({ pid }) => pid)),
    takenLinks: runs ? [] : links.filter((link) => existsSync(`/sys/class/net/${link}`)),
    failedProbes: runs || !isRoot || !linux ? [] : await failedProbes(),
    needsGo: !built && !findProgram("go"),
    space: [
      {
        folder: stateDir,
        freeGiB: freeGiB(stateDir),
        neededGiB: runs ? 0 : needed.state,
        variable: "SLIPWAY_LAB_DIR",
      },
      {
        folder: cacheDir,
        freeGiB: freeGiB(cacheDir),
        neededGiB: built ? needed.cache : needed.firstBuild,
        variable: "SLIPWAY_CACHE_DIR",
      },
    ],
  };
}
