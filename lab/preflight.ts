import { gatherFacts, probes, type Facts } from "./machine.ts";

/** Everything that keeps the lab from running here, each with what to do. */
export function problems(facts: Facts): string[] {
  if (facts.platform !== "linux")
    return [`the lab runs on Linux, and this is ${facts.platform}: use a Linux machine or virtual machine`];
  const found: string[] = [];
  if (!facts.isRoot)
    found.push(
      'the lab runs containers, bridges and mounts of its own, which takes root: sudo -E env PATH="$PATH" npm start, or use a virtual machine',
    );
  for (const holder of new Set(facts.takenPorts.map(({ by }) => by))) {
    const ports = facts.takenPorts.filter(({ by }) => by === holder).map(({ port }) => port);
    found.push(`port ${ports.join(", ")} on 127.0.0.1 is in use by ${holder}: stop that, then try again`);
  }
  for (const link of facts.takenLinks)
    found.push(
      `there is a network link ${link} already: if an old lab left it, npm run lab -- down removes it; else ip link delete ${link}`,
    );
  for (const name of facts.failedProbes) found.push(probes[name].problem);
  if (facts.needsGo)
    found.push("the lab's tools are to be built once, and there is no Go: install it (go.dev/doc/install)");
  for (const { folder, freeGiB, neededGiB, variable } of facts.space)
    if (freeGiB < neededGiB)
      found.push(
        `${freeGiB.toFixed(1)} GiB are free for ${folder}, and the lab needs ${neededGiB}: make room, or set ${variable} to a folder that has it`,
      );
  return found;
}

/** Fails with everything that keeps the lab from running on this machine. */
export async function preflight(): Promise<void> {
  const found = problems(await gatherFacts());
  if (found.length > 0)
    throw new Error(`the lab can't run here:\n${found.map((line) => `  - ${line}`).join("\n")}`);
}
