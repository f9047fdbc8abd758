import { Listr, PRESET_TIMER } from "listr2";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { digitaloceanUrl } from "./addresses.ts";
import { ensureBaseImages } from "./baseImages.ts";
import { startContainerd } from "./containerd.ts";
import { ensurePackages } from "./debian.ts";
import { hasOwnEngine, labDockerHost, startDocker } from "./docker.ts";
import { checkout, pulumiBackend } from "./paths.ts";
import { preflight } from "./preflight.ts";
import { startProcess, waitFor } from "./process.ts";
import { installPulumiHome } from "./pulumi-home.ts";
import { startRegistry } from "./registry.ts";
import { ensureTools, toolNames } from "./tools.ts";
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

/**
 * Brings the lab up: everything that the program talks to, but for Kubernetes, which comes with the
 * first DigitalOcean cluster. What runs already is left alone. Fails with the step, the reason and the
 * fix; what was started until then is on record for `down`.
 */
export async function up(): Promise<void> {
  const tools: Record<string, string> = {};
  const tasks = new Listr(
    [
      { title: "Check this machine", task: preflight },
      {
        title: "Debian packages",
        task: (_, task) => ensurePackages((line) => (task.output = line)),
      },
      {
        title: "Tools: Pulumi, its plugins, Kubernetes",
        task: async (_, task) => {
          Object.assign(tools, await ensureTools(toolNames, (line) => (task.output = line)));
          installPulumiHome(tools as Parameters<typeof installPulumiHome>[0]);
          mkdirSync(pulumiBackend, { recursive: true });
        },
      },
      {
        title: "Servers",
        task: (_, task) =>
          task.newListr(
            [
              { title: "container registry", task: startRegistry },
              {
                title: "DigitalOcean API (emulated)",
                task: () => startDigitalocean(tools["kube-apiserver"] as string),
              },
              {
                title: "Docker engine and containerd",
                task: async (_, inner) => {
                  await startContainerd(tools.pause as string);
                  const theirs = !hasOwnEngine() && (await userEngineAnswers());
                  if (theirs) inner.output = "using the Docker engine that runs here";
                  else await startDocker();
                  await ensureBaseImages((line) => (inner.output = line), theirs ? undefined : labDockerHost);
                },
              },
            ],
            { concurrent: true },
          ),
      },
    ],
    {
      rendererOptions: { timer: PRESET_TIMER, collapseSubtasks: false },
      fallbackRendererOptions: { timer: PRESET_TIMER },
    },
  );
  await tasks.run();
}
