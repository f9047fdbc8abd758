import type { Environment, PipelineOptions } from "../options";
import { deployEnv, installStep, pathsOf } from "./environment";
import { checkoutStep, expression, type Workflow } from "./workflow";

/** On each pull request that touches the environment: what it would change, as a comment. */
export function preview(pipeline: PipelineOptions, name: string, environment: Environment): Workflow {
  const { engine, config } = pipeline;
  return {
    name: `Preview ${name}`,
    "run-name": `Preview ${name} of #${expression("github.event.pull_request.number || inputs.pull")}`,
    on: {
      pull_request: { branches: [config.branch], paths: pathsOf(pipeline, name, environment) },
      workflow_dispatch: {
        inputs: { pull: { description: "Number of the pull request", required: true, type: "string" } },
      },
    },
    permissions: {},
    concurrency: {
      group: `preview-${name}-${expression("github.event.pull_request.number || inputs.pull")}`,
      "cancel-in-progress": true,
    },
    jobs: {
      preview: {
        // A fork's pull request gets no secrets, so there is nothing to preview with.
        if: "github.event_name == 'workflow_dispatch' || github.event.pull_request.head.repo.full_name == github.repository",
        "runs-on": "ubuntu-latest",
        "timeout-minutes": 15,
        environment: { name: environment.previewSecrets ? `${name}-preview` : name, deployment: false },
        permissions: { contents: "read", "pull-requests": "write", statuses: "write" },
        steps: [
          checkoutStep(),
          installStep(engine === "pulumi"),
          {
            name: "Preview",
            env: {
              PULL: expression("github.event.pull_request.number || inputs.pull"),
              ...deployEnv(pipeline, environment),
            },
            run: `node delivery/cli.ts preview ${name} --engine ${engine} --stack ${environment.stack}`,
          },
        ],
      },
    },
  };
}
