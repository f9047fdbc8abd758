import { execa } from "execa";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { network } from "../addresses.ts";
import { stateDir } from "../paths.ts";

const forwarding = "/proc/sys/net/ipv4/ip_forward";
const before = path.join(stateDir, "ip_forward");

const ip = (...args: string[]) => execa("ip", args);
const tried = (command: string, ...args: string[]) => execa(command, args, { reject: false });

/** Makes the link that carries the node's address, the way to Services, and the passage to pods. */
export async function createNetwork(): Promise<void> {
  await ip("link", "add", network.nodeBridge, "type", "bridge");
  await ip("address", "add", `${network.nodeAddress}/${network.nodePrefix}`, "dev", network.nodeBridge);
  await ip("link", "set", network.nodeBridge, "up");
  // Without a route, a machine that has no default one refuses Service addresses before they are translated.
  await ip("route", "add", network.serviceCidr, "dev", network.nodeBridge, "src", network.nodeAddress);
  writeFileSync(before, readFileSync(forwarding));
  writeFileSync(forwarding, "1");
}

/** Takes links and kube-proxy's tables away, and puts forwarding back as it was. */
export async function removeNetwork(): Promise<void> {
  for (const link of [network.podBridge, network.nodeBridge]) await tried("ip", "link", "delete", link);
  for (const family of ["ip", "ip6"]) await tried("nft", "delete", "table", family, "kube-proxy");
  try {
    writeFileSync(forwarding, readFileSync(before));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error; // no cluster was started
  }
}
