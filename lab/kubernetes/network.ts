import { execa } from "execa";
import { writeFileSync } from "node:fs";
import { network, ports } from "../addresses.ts";

const ip = (...args: string[]) => execa("ip", args);
const tried = (command: string, ...args: string[]) => execa(command, args, { reject: false });

/** The lab's own table of nftables. */
const table = "slipway";

/**
 * What is translated for pods beside Services, as nft's language has it: pods reach what is outside this
 * machine under the machine's own address, and kube-apiserver, which listens on loopback alone, under
 * that of its Service. The latter comes before kube-proxy's own translation, which would lead nowhere.
 */
export const natRules = (): string => `table ip ${table} {
  chain api {
    type nat hook prerouting priority dstnat - 5; policy accept;
    ip daddr ${network.apiAddress} tcp dport 443 dnat to 127.0.0.1:${ports.apiserver}
  }
  chain pods {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${network.podCidr} ip daddr != { ${network.podCidr}, ${network.serviceCidr} } masquerade
  }
}
`;

/** Marks the lab's rules among those of others. */
const comment = "slipway-lab";

/** Rules that let pods' packets pass on a machine that drops what it forwards, as Docker sets it up. */
const passage = ["--source", "--destination"].map((side) => [
  "FORWARD",
  ...[side, network.podCidr],
  ...["--match", "comment", "--comment", comment],
  ...["--jump", "ACCEPT"],
]);

/** Whether this machine drops what it forwards, by a list of rules as `iptables -S FORWARD` prints it. */
export const dropsForwarded = (rules: string): boolean => /^-P FORWARD (DROP|REJECT)$/m.test(rules);

async function openPassage(): Promise<void> {
  if (!dropsForwarded(String((await tried("iptables", "-S", "FORWARD")).stdout))) return;
  for (const rule of passage) await execa("iptables", ["--insert", ...rule]);
}

async function closePassage(): Promise<void> {
  if (!String((await tried("iptables", "-S", "FORWARD")).stdout).includes(comment)) return;
  for (const rule of passage) await tried("iptables", "--delete", ...rule);
}

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
  await execa("nft", ["--file", "-"], { input: natRules() });
  await openPassage();
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
  await tried("nft", "delete", "table", "ip", table);
  await closePassage();
}
