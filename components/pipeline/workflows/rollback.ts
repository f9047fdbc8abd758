import type { PipelineOptions } from "../options";
import { changePermissions } from "./bump";
import { branchFlags, defaults, engineFlags, environmentInput, job, stacksFlags } from "./job";
import type { Workflow } from "./workflow";

/** By hand: an environment goes back to a release that it had, and stays there until a newer one comes. */
export function rollbackWorkflow(pipeline: PipelineOptions): Workflow {
  const { delivery, environments } = pipeline;
  return {
    about: "By hand: back to a release that the environment had. It stays there until a newer one comes.",
    name: "Rollback",
    "run-name": "Roll ${{ inputs.environment }} back to ${{ inputs.to || 'the release before' }}",
    on: {
      workflow_dispatch: {
        inputs: {
          environment: environmentInput("What to roll back", Object.keys(environments)),
          to: { description: "Tag to go back to; empty: the release before", type: "string" },
        },
      },
    },
    permissions: {},
    concurrency: { group: "rollback-${{ inputs.environment }}", "cancel-in-progress": false },
    defaults,
    jobs: {
      rollback: job("Roll back", pipeline, {
        minutes: 10,
        permissions: changePermissions(delivery === "pullRequest"),
        history: true,
        env: { ENVIRONMENT: "${{ inputs.environment }}", TO: "${{ inputs.to }}" },
        command: [
          "rollback",
          ...engineFlags(pipeline),
          "--delivery",
          delivery,
          ...branchFlags(pipeline),
          ...stacksFlags(pipeline, Object.keys(environments)),
        ],
      }),
    },
  };
}
