import { execa } from "execa";

/** A range of private addresses that may reach what is outside this machine. */
export interface Outbound {
  /** Names the lab's rules among those of others. */
  name: string;
  /** The range, as a CIDR. */
  source: string;
  /** Ranges that are not outside. */
  except: string[];
}

const tried = (command: string, ...args: string[]) => execa(command, args, { reject: false });

/** Gives outgoing packets the machine's own address, as nft's language has it: a table of its own. */
export const natRules = ({ name, source, except }: Outbound): string => `table ip ${name} {
  chain outbound {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr ${source} ip daddr != { ${except.join(", ")} } masquerade
  }
}
`;

/** Rules that let packets pass on a machine that drops what it forwards, as Docker sets it up. */
const passage = ({ name, source }: Outbound) =>
  ["--source", "--destination"].map((side) => [
    "FORWARD",
    ...[side, source],
    ...["--match", "comment", "--comment", name],
    ...["--jump", "ACCEPT"],
  ]);

/** Whether this machine drops what it forwards, by a list of rules as `iptables -S FORWARD` prints it. */
export const dropsForwarded = (rules: string): boolean => /^-P FORWARD (DROP|REJECT)$/m.test(rules);

const forwardRules = async () => String((await tried("iptables", "-S", "FORWARD")).stdout);

/** Lets the range out. The kernel must forward packets (`net.ipv4.ip_forward`). */
export async function openOutbound(outbound: Outbound): Promise<void> {
  await execa("nft", ["--file", "-"], { input: natRules(outbound) });
  if (!dropsForwarded(await forwardRules())) return;
  for (const rule of passage(outbound)) await execa("iptables", ["--insert", ...rule]);
}

/** Takes away what `openOutbound` made, if anything. */
export async function closeOutbound(outbound: Outbound): Promise<void> {
  await tried("nft", "delete", "table", "ip", outbound.name);
  if (!(await forwardRules()).includes(`--comment ${outbound.name} `)) return;
  for (const rule of passage(outbound)) await tried("iptables", "--delete", ...rule);
}
