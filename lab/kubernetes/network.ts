import { execa } from "execa";
import { network } from "../addresses.ts";

const ip = (...args: string[]) => execa("ip", args);
const tried = (command: string, ...args: string[]) => execa(command, args, { reject: false });

/** Makes the link that carries the node's address, and the way to Services. */
export async function createNetwork(): Promise<void> {
  await ip("link", "add", network.nodeBridge, "type", "bridge");
  await ip("address", "add", `${network.nodeAddress}/${network.nodePrefix}`, "dev", network.nodeBridge);
  await ip("link", "set", network.nodeBridge, "up");
  // Without a route, a machine that has no default one refuses Service addresses before they are translated.
  await ip("route", "add", network.serviceCidr, "dev", network.nodeBridge, "src", network.nodeAddress);
}

/** The links of a list as `ip -json link` prints it that hang on the bridge of that name. */
export const linksOn = (bridge: string, list: string): string[] =>
  (JSON.parse(list || "[]") as { ifname: string; master?: string }[])
    .filter(({ master }) => master === bridge)
    .map(({ ifname }) => ifname);

/** Takes pods' links, bridges and kube-proxy's tables away. */
export async function removeNetwork(): Promise<void> {
  const { stdout } = await ip("-json", "link", "show");
  const links = [...linksOn(network.podBridge, stdout), network.podBridge, network.nodeBridge];
  for (const link of links) await tried("ip", "link", "delete", link);
  for (const family of ["ip", "ip6"]) await tried("nft", "delete", "table", family, "kube-proxy");
}
