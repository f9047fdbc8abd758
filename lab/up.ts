import { Listr, PRESET_TIMER, type ListrTask } from "listr2";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { digitaloceanUrl, githubUrl } from "./addresses.ts";
import { ensureBaseImages } from "./baseImages.ts";
import { startContainerd } from "./containerd.ts";
import { ensurePackages } from "./debian.ts";
import { hasOwnEngine, labDockerHost, startDocker } from "./docker.ts";
import { down } from "./down.ts";
import { cacheDir, checkout, pulumiBackend } from "./paths.ts";
import { preflight } from "./preflight.ts";
import { listProcesses, startProcess, waitFor } from "./process.ts";
import { installPulumiHome } from "./pulumi-home.ts";
import { startRegistry } from "./registry.ts";
import { ensureTools, toolNames, type ToolName } from "./tools.ts";
import { userEngineAnswers } from "./userEngine.ts";

/** The emulated DigitalOcean API; it starts and stops Kubernetes as clusters come and go. */
async function startDigitalocean(kubernetes: string): Promise<void> {
  await startProcess({
    name: "digitalocean",
    command: process.execPath,
    args: [path.join(checkout, "lab/digitalocean/main.ts"), "--kubernetes", kubernetes],
  });
  await waitFor("digitalocean", 15, async () => (await fetch(`${digitaloceanUrl}/lab/status`)).ok);
}

/** The emulated GitHub; it runs the workflows that its events start. */
async function startGitHub(act: string): Promise<void> {
  await startProcess({
    name: "github",
    command: process.execPath,
    args: [path.join(checkout, "lab/github/main.ts"), "--act", act],
  });
  await waitFor("github", 15, async () => (await fetch(`${githubUrl}/lab/status`)).ok);
}

/** A lab that has processes on record and none that runs: the machine was restarted, or somebody ended them. */
const wasInterrupted = () => {
  const processes = listProcesses();
  return processes.length > 0 && processes.every(({ running }) => !running);
};

/** Programs that stand in for official ones where the machine doesn't have those. */
const standInPrograms: ToolName[] = [
  "pulumi-language-nodejs",
  "pulumi-resource-digitalocean",
  "pulumi-resource-docker",
];

/**
 * Brings the lab up: everything that the program talks to, but for Kubernetes, which comes with the
 * first DigitalOcean cluster. What runs already is left alone; what an interrupted lab left is cleared
 * away first. Says what in it is a stand-in. Fails with the step, the reason and the fix; what
 * was started until then is on record for `down`.
 */
export async function up(): Promise<void> {
  const failures: string[] = [];
  const standIns: string[] = [];
  /** A step whose error is told once, at the end, with its name. */
  const step = (title: string, run: (report: (line: string) => void) => Promise<void>): ListrTask => ({
    title,
    task: async (_, task) => {
      try {
        await run((line) => (task.output = line));
      } catch (error) {
        failures.push(`${title}: ${(error as Error).message}`);
        throw new Error("see below");
      }
    },
  });

  let tools: Record<ToolName, string>;
  const servers = [
    step("container registry", startRegistry),
    step("GitHub (emulated)", () => startGitHub(tools.act)),
    step("DigitalOcean API (emulated)", () => startDigitalocean(tools["kube-apiserver"])),
    step("Docker engine and containerd", async (report) => {
      const theirs = !hasOwnEngine() && (await userEngineAnswers());
      if (theirs) report("using the Docker engine that runs here");
      await startContainerd(tools.pause);
      if (!theirs) await startDocker();
      standIns.push(...(await ensureBaseImages(report, theirs ? undefined : labDockerHost)));
    }),
  ];
  const steps: ListrTask[] = [
    {
      ...step("Clear what an interrupted lab left", (report) => down(report)),
      enabled: wasInterrupted,
    },
    step("Check this machine", preflight),
    step("Debian packages", ensurePackages),
    step("Tools: Pulumi, its plugins, Kubernetes", async (report) => {
      tools = await ensureTools(toolNames, report);
      installPulumiHome(tools);
      mkdirSync(pulumiBackend, { recursive: true });
      standIns.push(...standInPrograms.filter((name) => tools[name].startsWith(`${cacheDir}${path.sep}`)));
    }),
    { title: "Servers", task: (_, task) => task.newListr(servers, { concurrent: true }) },
  ];
  const timer = PRESET_TIMER;
  try {
    await new Listr(steps, {
      rendererOptions: { timer, collapseSubtasks: false, showErrorMessage: false },
      fallbackRendererOptions: { timer },
      // A terminal of no width, as some programs make them, would get a line for each letter.
      fallbackRendererCondition: () => !process.stdout.isTTY || !process.stdout.columns,
    }).run();
  } catch (error) {
    if (failures.length === 0) throw error;
    const clear = listProcesses().length > 0 ? "\nnpm run lab -- down takes away what was started" : "";
    throw new Error(failures.join("\n") + clear);
  }
  if (standIns.length > 0)
    console.log(`Stand-ins, for what this machine can't download: ${standIns.join(", ")}`);
}
