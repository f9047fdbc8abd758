import type { Environment, PipelineOptions } from "../options";
import { deployEnv, installStep, pathsOf } from "./environment";
import { checkoutStep, expression, type Workflow } from "./workflow";

/** On each change of the branch that touches the environment: apply it, and see the new version answer. */
export function deploy(pipeline: PipelineOptions, name: string, environment: Environment): Workflow {
  const { engine, config } = pipeline;
  return {
    name: `Deploy ${name}`,
    on: {
      push: { branches: [config.branch], paths: pathsOf(pipeline, name, environment) },
      workflow_dispatch: {
        inputs: {
          plan: {
            description: "Plan to apply although it is not the reviewed one (16 hex digits)",
            type: "string",
          },
        },
      },
    },
    permissions: {},
    // One after the other; what has begun goes to its end.
    concurrency: { group: `deploy-${name}`, "cancel-in-progress": false },
    jobs: {
      deploy: {
        "runs-on": "ubuntu-latest",
        "timeout-minutes": 60,
        environment: { name },
        permissions: { contents: "read", "pull-requests": "read", statuses: "write" },
        steps: [
          checkoutStep(),
          installStep(engine === "pulumi"),
          {
            name: "Deploy",
            env: { PLAN: expression("inputs.plan"), ...deployEnv(pipeline, environment) },
            run: `node delivery/cli.ts deploy ${name} --engine ${engine} --stack ${environment.stack}`,
          },
        ],
      },
    },
  };
}
