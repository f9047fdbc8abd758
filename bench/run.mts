/**
 * Measures Slipway in the lab, as ratios within one run: `npm run bench`. Nothing here asserts a time;
 * machines differ, and one is never as fast as it was a minute ago.
 */
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { execa } from "execa";
import os from "node:os";
import path from "node:path";
import { stringify } from "yaml";
import { digitaloceanUrl, registryAddress } from "../lab/addresses.ts";
import { Project } from "../test/e2e/project.mts";
import { alternate, line, median, timed } from "./timing.mts";

const checkout = path.resolve(import.meta.dirname, "..");
const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const lab = (command: string) => execa("node", ["lab/cli.ts", command], { cwd: checkout });
const say = (text: string) => console.log(text);

say(`${os.cpus().length} cores, ${os.cpus()[0]?.model}, ${rounds} rounds, medians`);

say("\n(c) lab start, from a warm tool cache");
await lab("down");
const start = { what: "lab up", ms: [await timed(() => lab("up"))] };
for (let i = 1; i < 3; i++) {
  await lab("down");
  start.ms.push(await timed(() => lab("up")));
}
say(line(start));

const project = new Project();
const pulumi = (...args: string[]) => project.pulumi(...args);
for (const name of ["empty", "workloads"]) {
  cpSync(path.join(checkout, "bench", name), path.join(project.folder, "bench", name), { recursive: true });
}
const inEmpty = ["--cwd", "bench/empty", "--stack", "bench"];
await pulumi("stack", "init", "--cwd", "bench/empty", "bench");
const emptyUp = () => pulumi("up", "--yes", "--skip-preview", ...inEmpty);

const image = `${registryAddress}/juggernaut/k8s-demo-go-app`;
for (const tag of ["v1", "v2"]) {
  await project.ok("docker", [
    "build",
    "--quiet",
    "--tag",
    `${image}:${tag}`,
    "--build-arg",
    `VERSION=${tag}`,
    "app",
  ]);
  await project.ok("docker", ["push", "--quiet", `${image}:${tag}`]);
}
await project.stack("bench", {
  imageTag: "v1",
  cluster: { name: "bench", region: "ams3" },
  registry: { address: registryAddress },
  protect: "false",
  "digitalocean:apiEndpoint": digitaloceanUrl,
});
const up = () => pulumi("up", "--yes", "--skip-preview", "--stack", "bench");
say(`  pulumi up from nothing, image in the registry        ${((await timed(up)) / 1000).toFixed(2)} s`);
await emptyUp();
await project.ok("node", ["commands/kubeconfig.mts", "--stack", "bench", "--current"]);

say("\n(a) a tag bump: pulumi up, against an empty program's up and the kustomize sequence by hand");
const live = JSON.parse(
  await project.ok("kubectl", ["get", "deployment", "k8s-demo-go-app-deployment", "-o", "json"]),
) as {
  spec: {
    template: { metadata: { labels: object }; spec: { containers: { image: string }[] } };
    selector: object;
  };
};
const labels = { app: "by-hand" };
live.spec.selector = { matchLabels: labels };
live.spec.template.metadata = { labels };
(live.spec.template.spec.containers[0] as { image: string }).image = image;
const byHand = path.join(project.folder, "by-hand");
mkdirSync(byHand);
writeFileSync(
  path.join(byHand, "deployment.yaml"),
  stringify({ apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "by-hand" }, spec: live.spec }),
);
writeFileSync(
  path.join(byHand, "kustomization.yaml"),
  stringify({ resources: ["deployment.yaml"], images: [{ name: image, newTag: "v1" }] }),
);
const inFolder = (command: string, ...args: string[]) =>
  execa(command, args, { cwd: byHand, env: project.env });
const kustomize = async (tag: string) => {
  await inFolder("kustomize", "edit", "set", "image", `${image}:${tag}`);
  await inFolder("kubectl", "apply", "-k", ".");
  await inFolder("kubectl", "rollout", "status", "deployment/by-hand");
};
await kustomize("v1");
const tagOf = (round: number) => (round % 2 ? "v1" : "v2");
const bump = await alternate(rounds, {
  "pulumi up after the bump": {
    prepare: (round) => project.set("bench", "imageTag", tagOf(round)),
    run: up,
  },
  "empty pulumi up": { run: emptyUp },
  "kustomize edit, kubectl apply -k, rollout status": { run: (round) => kustomize(tagOf(round)) },
});
const [bumped, emptied, kustomized] = Object.values(bump).map((timing) => {
  say(line(timing));
  return median(timing.ms);
}) as [number, number, number];
say(`  ratio ${(bumped / (emptied + kustomized)).toFixed(2)} (aim: at most 1.0)`);

say("\n(b) a preview that changes nothing: the full stack, against an empty program");
const previews = await alternate(rounds, {
  "pulumi preview, full stack": { run: () => pulumi("preview", "--stack", "bench", "--expect-no-changes") },
  "pulumi preview, empty program": { run: () => pulumi("preview", ...inEmpty) },
});
const [full, empty] = Object.values(previews).map((timing) => {
  say(line(timing));
  return median(timing.ms);
}) as [number, number];
say(`  ratio ${(full / empty).toFixed(2)} (aim: at most 1.2)`);

say("\n(d) a preview that changes nothing, with 1, 50 and 200 workloads");
const kubeconfig = String((await project.outputs("bench")).kubeconfig).replaceAll(
  "commands/clusterCredential.mts",
  path.join(project.folder, "commands/clusterCredential.mts"),
);
const inWorkloads = ["--cwd", "bench/workloads", "--stack", "bench"];
await pulumi("stack", "init", "--cwd", "bench/workloads", "bench");
await pulumi("config", "set", ...inWorkloads, "--secret", "kubeconfig", "--", kubeconfig);
const medians: Record<number, number> = {};
for (const count of [1, 50, 200]) {
  await pulumi("config", "set", ...inWorkloads, "count", String(count));
  await pulumi("up", "--yes", "--skip-preview", "--parallel", "32", ...inWorkloads);
  const { preview } = (await alternate(3, {
    preview: { run: () => pulumi("preview", "--expect-no-changes", ...inWorkloads) },
  })) as { preview: { what: string; ms: number[] } };
  say(line({ ...preview, what: `${count} workloads` }));
  medians[count] = median(preview.ms);
}
const each = ((medians[200] as number) - (medians[1] as number)) / 199;
say(`  ${each.toFixed(1)} ms for each further workload (aim: at most 20 ms)`);

project.remove();
await lab("down");
