import type { PipelineOptions } from "../options";
import { installStep } from "./environment";
import { checkoutStep, expression, type Workflow } from "./workflow";

/** On the app's word: the new release into each environment that takes releases. */
export function bump({ engine, delivery, config, environments }: PipelineOptions): Workflow {
  const direct = Object.entries(environments).filter(([, { from }]) => from === undefined);
  return {
    name: "Bump",
    "run-name": `Bump to ${expression("inputs.tag")}`,
    on: {
      workflow_dispatch: {
        inputs: {
          tag: { description: "Release tag of the image", required: true, type: "string" },
          digest: { description: "Digest of the image (sha256:...)", required: true, type: "string" },
          prerelease: { description: "Whether it is a prerelease", type: "boolean", default: false },
        },
      },
    },
    permissions: {},
    // No concurrency group: GitHub would drop a waiting run for one that comes later with an older release.
    jobs: Object.fromEntries(
      direct.map(([name, { prereleases }]) => [
        name,
        {
          "runs-on": "ubuntu-latest",
          "timeout-minutes": 10,
          permissions: { actions: "write", contents: "write", "pull-requests": "write" },
          steps: [
            checkoutStep("all"),
            installStep(false),
            {
              name: `Bump ${name}`,
              env: {
                GITHUB_TOKEN: expression("github.token"),
                TAG: expression("inputs.tag"),
                DIGEST: expression("inputs.digest"),
                PRERELEASE: expression("inputs.prerelease"),
              },
              run: `node delivery/cli.ts bump ${name} --engine ${engine} --delivery ${delivery} --branch ${config.branch}${prereleases ? " --prereleases" : ""}`,
            },
          ],
        },
      ]),
    ),
  };
}
