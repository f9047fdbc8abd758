/**
 * Measures the pipeline in the lab, from a published release to the answering pod: `npm run bench`. Nothing
 * here asserts a time.
 */
import { execa } from "execa";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { digitaloceanUrl, privateRegistryAddress } from "../lab/addresses.ts";
import { registryLogin } from "../lab/credentials.ts";
import { Pipeline, type Run } from "../test/e2e/pipeline.mts";
import { Project } from "../test/e2e/project.mts";
import { line, median, timed, type Timing } from "./timing.mts";

const checkout = path.resolve(import.meta.dirname, "..");
const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const lab = (command: string) => execa("node", ["lab/cli.ts", command], { cwd: checkout });
const say = (text: string) => console.log(text);

await lab("down");
await lab("up");
const project = new Project();
const pipeline = new Pipeline(project, "bench");
const up = () => project.pulumi("up", "--yes", "--skip-preview", "--stack", "dev");
await project.stack(
  "dev",
  {
    imageTag: "v0.0.1",
    repository: pipeline.image,
    registry: { address: privateRegistryAddress, username: registryLogin.username },
    cluster: { name: "bench", region: "ams3" },
    "digitalocean:apiEndpoint": digitaloceanUrl,
    protect: "false",
    build: { context: "app" },
  },
  { "registry.password": registryLogin.password },
);
await up();
await project.pulumi("config", "rm", "--stack", "dev", "build");
await pipeline.begin(["dev"]);
await pipeline.configure({ dev: { stack: "dev" } }, { delivery: "branch" });
await pipeline.up();

const parts = [
  "whole",
  "image build",
  "rest of the release job",
  "bump",
  "deploy",
  "of that, rollout",
] as const;
const timings = Object.fromEntries(parts.map((what) => [what, { what, ms: [] as number[] }])) as Record<
  (typeof parts)[number],
  Timing
>;

/** Milliseconds that each step of a run's only job took. */
async function steps(run: Run): Promise<Map<string, number>> {
  const repository = run.workflow.startsWith("app") ? pipeline.app : pipeline.config;
  const { data } = await pipeline.github.actions.listJobsForWorkflowRun({ ...repository, run_id: run.id });
  return new Map(
    (data.jobs[0]?.steps ?? []).map(({ name, started_at: from, completed_at: to }) => [
      name,
      from && to ? Date.parse(to) - Date.parse(from) : 0,
    ]),
  );
}

/** Milliseconds of the deploy's log between `pulumi up` and the check of the answer. */
function rollout(log: string): number {
  const at = (what: RegExp) =>
    Number(new RegExp(`(\\d+\\.\\d) s  ${what.source}`).exec(log)?.[1] ?? Number.NaN);
  return (at(/verifying/) - at(/pulumi up/)) * 1000;
}

const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);

/** Publishes a release and waits for the deploy that comes of it; gives its three runs. */
async function release(tag: string): Promise<Run[]> {
  const last = (await pipeline.runs()).at(-1)?.id ?? 0;
  await pipeline.github.repos.createRelease({ ...pipeline.app, tag_name: tag, target_commitish: "main" });
  for (;;) {
    const runs = (await pipeline.runs()).filter(({ id }) => id > last);
    const failed = runs.find(({ conclusion }) => conclusion !== null && conclusion !== "success");
    if (failed) throw new Error(`${failed.workflow}: ${failed.conclusion}\n${await pipeline.log(failed)}`);
    if (runs.length === 3 && runs.at(-1)?.conclusion === "success") return runs;
    await sleep(100);
  }
}

// Once, so that packages and base images are where they are at any release but the first.
await pipeline.say("Hello, round 0!");
await release("v0.1.0");

for (let round = 1; round <= rounds; round++) {
  await pipeline.say(`Hello, round ${round}!`);
  let runs: Run[] = [];
  timings.whole.ms.push(await timed(async () => (runs = await release(`v0.1.${round}`))));
  const [built, bumped, deployed] = (await Promise.all(runs.map(steps))) as [
    Map<string, number>,
    Map<string, number>,
    Map<string, number>,
  ];
  const build = built.get("Build and push") ?? Number.NaN;
  timings["image build"].ms.push(build);
  timings["rest of the release job"].ms.push(sum(built.values()) - build);
  timings.bump.ms.push(sum(bumped.values()));
  timings.deploy.ms.push(sum(deployed.values()));
  timings["of that, rollout"].ms.push(rollout(await pipeline.log(runs[2] as Run)));
}

const bare: Timing = { what: "a bare pulumi up of the same change", ms: [] };
for (let round = 1; round <= rounds; round++) {
  await project.set("dev", "imageTag", `v0.1.${round % 2}`);
  bare.ms.push(await timed(up));
}

say(`\n(e) release published to answer, ${rounds} rounds, medians`);
for (const what of parts) say(line(timings[what]));
say(line(bare));
const without = median(timings.whole.ms) - median(timings["image build"].ms);
say(`  without the image build: ${(without / 1000).toFixed(1)} s (aim: at most 30 s)`);
say(`  ratio to the bare pulumi up ${(without / median(bare.ms)).toFixed(2)}`);

project.remove();
await lab("down");
