import { execa } from "execa";
import { writeFileSync } from "node:fs";
import { network, ports } from "../addresses.ts";
import { closeOutbound, openOutbound, type Outbound } from "../outbound.ts";

const ip = (...args: string[]) => execa("ip", args);
const tried = (command: string, ...args: string[]) => execa(command, args, { reject: false });

/** Pods reach what is outside this machine under the machine's own address. */
const pods: Outbound = {
  name: network.podBridge,
  source: network.podCidr,
  except: [network.podCidr, network.serviceCidr],
};

const apiTable = "slipway-api";

/**
 * Leads pods to kube-apiserver, which listens on loopback alone, under the address of its Service, as
 * nft's language has it: before kube-proxy's own translation, which would lead nowhere.
 */
export const apiRules = (): string => `table ip ${apiTable} {
  chain pods {
    type nat hook prerouting priority dstnat - 5; policy accept;
    ip daddr ${network.apiAddress} tcp dport 443 dnat to 127.0.0.1:${ports.apiserver}
  }
}
`;

/** Makes the links of the node and its pods, and their ways to Services, the API and the outside. */
export async function createNetwork(): Promise<void> {
  await ip("link", "add", network.nodeBridge, "type", "bridge");
  await ip("address", "add", `${network.nodeAddress}/${network.nodePrefix}`, "dev", network.nodeBridge);
  await ip("link", "set", network.nodeBridge, "up");
  // Without a route, a machine that has no default one refuses Service addresses before they are translated.
  await ip("route", "add", network.serviceCidr, "dev", network.nodeBridge, "src", network.nodeAddress);
  // CNI's bridge plugin gives the bridge its address and brings it up.
  await ip("link", "add", network.podBridge, "type", "bridge");
  writeFileSync(`/proc/sys/net/ipv4/conf/${network.podBridge}/route_localnet`, "1");
  await execa("nft", ["--file", "-"], { input: apiRules() });
  await openOutbound(pods);
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
  await tried("nft", "delete", "table", "ip", apiTable);
  await closeOutbound(pods);
}
