import type { PipelineOptions } from "../options";
import { deployEnv, installStep } from "./environment";
import { checkoutStep, type Workflow } from "./workflow";

/** On a schedule: whether what runs is still what the branch says. One issue for each environment tells. */
export function drift(pipeline: PipelineOptions): Workflow {
  const { engine, environments } = pipeline;
  return {
    name: "Drift",
    on: { schedule: [{ cron: pipeline.drift }], workflow_dispatch: {} },
    permissions: {},
    jobs: Object.fromEntries(
      Object.entries(environments).map(([name, environment]) => [
        name,
        {
          "runs-on": "ubuntu-latest",
          "timeout-minutes": 15,
          environment: { name: environment.previewSecrets ? `${name}-preview` : name, deployment: false },
          permissions: { contents: "read", issues: "write" },
          steps: [
            checkoutStep(),
            installStep(engine === "pulumi"),
            {
              name: "Look for drift",
              env: deployEnv(pipeline, environment),
              run: `node delivery/cli.ts drift ${name} --engine ${engine} --stack ${environment.stack}`,
            },
          ],
        },
      ]),
    ),
  };
}
