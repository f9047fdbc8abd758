import { execa, ExecaError } from "execa";
import { accessSync, constants, existsSync } from "node:fs";
import path from "node:path";
import type { Report } from "./cache.ts";
import { userEngineAnswers } from "./userEngine.ts";

/** Something that the lab runs and doesn't build. */
interface Need {
  /** Debian package that has it. */
  package: string;
  /** Programs it is known by, on PATH or where administrators' programs are. */
  programs?: string[];
  /** Files or folders of which one must be there, where that tells more than programs do. */
  paths?: string[];
  /** Units that the package would have systemd start at every boot. */
  units?: string[];
}

/** Where CNI plugins are, by Debian's packaging and by the plugins' own. */
export const cniFolders = ["/usr/lib/cni", "/opt/cni/bin"];

const needs: Need[] = [
  { package: "etcd-server", programs: ["etcd"], units: ["etcd.service"] },
  { package: "containerd", programs: ["containerd", "ctr"], units: ["containerd.service"] },
  { package: "runc", programs: ["runc"] },
  { package: "containernetworking-plugins", paths: cniFolders },
  { package: "docker.io", programs: ["dockerd", "docker"], units: ["docker.service", "docker.socket"] },
  { package: "docker-registry", programs: ["docker-registry"], units: ["docker-registry.service"] },
  { package: "iptables", programs: ["iptables"] },
  { package: "nftables", programs: ["nft"] },
  { package: "conntrack", programs: ["conntrack"] },
  { package: "iproute2", programs: ["ip"] },
  { package: "git", programs: ["git"] },
  { package: "busybox-static", paths: ["/bin/busybox"] },
];

const searchPath = () => [
  ...(process.env.PATH ?? "").split(path.delimiter),
  "/usr/sbin",
  "/sbin",
  "/usr/local/sbin",
];

/** The full path of a program on PATH, or in an administrator's folder; undefined if there is none. */
export function findProgram(name: string): string | undefined {
  for (const folder of searchPath()) {
    const file = path.join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** What the machine has, as far as the choice of packages depends on it. */
export interface Machine {
  hasProgram: (name: string) => boolean;
  hasPath: (path: string) => boolean;
  /** Whether a Docker engine that serves the lab answers already, so that none need be installed. */
  engineAnswers: boolean;
}

/** The Debian packages that a machine lacks to run the lab, in a fixed order. */
export function missingPackages(machine: Machine): string[] {
  return needs
    .filter((need) => {
      if (need.package === "docker.io" && machine.engineAnswers) return false;
      const programs = (need.programs ?? []).every(machine.hasProgram);
      const paths = !need.paths || need.paths.some(machine.hasPath);
      return !(programs && paths);
    })
    .map((need) => need.package);
}

async function thisMachine(): Promise<Machine> {
  return {
    hasProgram: (name) => findProgram(name) !== undefined,
    hasPath: existsSync,
    engineAnswers: await userEngineAnswers(),
  };
}

/** Why the lab can't install the packages itself, with what to do; undefined if it can. */
export function installProblem(packages: string[], root: boolean, hasApt: boolean): string | undefined {
  const list = packages.join(" ");
  if (!hasApt)
    return `the lab needs what Debian's packages ${list} hold; this system has no apt-get, so install them by its own package manager`;
  if (!root)
    return `the lab needs these packages: ${list}\nrun: sudo apt-get install --no-install-recommends ${list}`;
  return undefined;
}

/**
 * Sees to it that the machine has every package that the lab runs on; what is there already is used,
 * also if it came from elsewhere. As root on Debian or Ubuntu the missing ones are installed, without
 * starting any of their services, now or at boot; nothing that runs is touched.
 *
 * @throws if packages are missing and can't be installed, naming them and the command.
 */
export async function ensurePackages(report: Report): Promise<void> {
  const packages = missingPackages(await thisMachine());
  if (packages.length === 0) return;
  const problem = installProblem(packages, process.getuid?.() === 0, findProgram("apt-get") !== undefined);
  if (problem) throw new Error(problem);
  report(`installing Debian packages: ${packages.join(", ")}`);
  // Both keep package scripts from starting services: RUNLEVEL where SysV init runs, the other for systemd.
  const env = { DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1", SYSTEMD_OFFLINE: "1" };
  const apt = (...args: string[]) =>
    execa("apt-get", ["-q", "-o", "DPkg::Lock::Timeout=300", ...args], { env });
  try {
    await apt("update");
    await apt("install", "-y", "--no-install-recommends", ...packages);
    const units = needs.filter((need) => packages.includes(need.package)).flatMap((need) => need.units ?? []);
    if (units.length > 0 && findProgram("systemctl"))
      await execa("systemctl", ["disable", ...units], { env });
  } catch (error) {
    const reason = error instanceof ExecaError ? error.stderr || error.shortMessage : String(error);
    throw new Error(
      `apt-get could not install ${packages.join(", ")}: ${reason}\ntry: apt-get update && apt-get install ${packages.join(" ")}`,
    );
  }
}
