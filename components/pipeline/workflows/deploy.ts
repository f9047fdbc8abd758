import type { Environment, PipelineOptions } from "../options";
import { credentials, defaults, deployedPaths, engineFlags, job, stackFlags } from "./job";
import { explained, type Workflow } from "./workflow";

/** With kubectl, the first deploy is the one that this file's own coming starts: what it applies is there before. */
function pathsOf(pipeline: PipelineOptions, name: string, environment: Environment): string[] {
  const paths = deployedPaths(pipeline, name, environment);
  return pipeline.engine === "kustomize" ? [...paths, `.github/workflows/deploy-${name}.yaml`] : paths;
}

/** On each change of an environment on the branch: applies it, and verifies that the release answers. */
export function deployWorkflow(pipeline: PipelineOptions, name: string, environment: Environment): Workflow {
  return {
    about: `Makes ${name} what the branch says, and sees that the release answers.`,
    name: `Deploy ${name}`,
    "run-name": explained(
      `\${{ inputs.plan && format('Deploy plan {0} to ${name}', inputs.plan) }}`,
      "a push is named by its commit",
    ),
    on: {
      push: { branches: [pipeline.config.branch], paths: pathsOf(pipeline, name, environment) },
      workflow_dispatch: {
        inputs: {
          plan: {
            description: "Apply this plan, which is not the one that was reviewed (its 16 characters)",
            type: "string",
          },
        },
      },
    },
    permissions: {},
    concurrency: explained(
      { group: `deploy-${name}`, "cancel-in-progress": false },
      "One at a time: a deploy waits for the one before, and none is cancelled half-way.",
    ),
    defaults,
    jobs: {
      deploy: job(`Deploy ${name}`, pipeline, {
        minutes: 60,
        environment: name,
        permissions: {
          contents: "read",
          "pull-requests": explained("read", "finds the one that was reviewed"),
          statuses: explained("write", "reads the reviewed plan, tells the outcome"),
        },
        runsPulumi: true,
        env: { PLAN: "${{ inputs.plan }}", ...credentials(pipeline, environment) },
        command: ["deploy", name, ...engineFlags(pipeline), ...stackFlags(pipeline, name)],
      }),
    },
  };
}
