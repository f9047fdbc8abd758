import { execa } from "execa";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { network } from "./addresses.ts";
import { closeOutbound, openOutbound, type Outbound } from "./outbound.ts";
import { stateDir } from "./paths.ts";

const { dockerBridge, dockerAddress, dockerPrefix } = network;
const link = `/sys/class/net/${dockerBridge}`;
const ip = (...args: string[]) => execa("ip", args);

const range = `${dockerAddress}/${dockerPrefix}`;
/** Containers of the lab's Docker engine reach what is outside this machine, for a build's downloads. */
const containers: Outbound = { name: dockerBridge, source: range, except: [range] };

const forwarding = "/proc/sys/net/ipv4/ip_forward";
/** What the kernel setting was before the lab changed it. */
const forwardingBefore = path.join(stateDir, "docker-ip-forward");

/**
 * Makes the bridge of the lab's Docker engine, and its containers' way out. The engine itself is told to
 * leave the firewall alone: what it makes there, it never takes away.
 */
export async function createDockerNetwork(): Promise<void> {
  if (existsSync(link)) return;
  writeFileSync(forwardingBefore, readFileSync(forwarding));
  writeFileSync(forwarding, "1");
  await openOutbound(containers);
  await ip("link", "add", dockerBridge, "type", "bridge");
  await ip("address", "add", range, "dev", dockerBridge);
  await ip("link", "set", dockerBridge, "up");
}

/** Takes away what `createDockerNetwork` made, however much of it there is. */
export async function removeDockerNetwork(): Promise<void> {
  if (existsSync(link)) await ip("link", "delete", dockerBridge);
  await closeOutbound(containers);
  if (!existsSync(forwardingBefore)) return;
  writeFileSync(forwarding, readFileSync(forwardingBefore));
  rmSync(forwardingBefore);
}
