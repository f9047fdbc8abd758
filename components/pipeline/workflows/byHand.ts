import type { PipelineOptions } from "../options";
import { installStep } from "./environment";
import { checkoutStep, expression, type Job, type Workflow } from "./workflow";

const job = (title: string, env: Record<string, string>, command: string): Job => ({
  "runs-on": "ubuntu-latest",
  "timeout-minutes": 10,
  permissions: { actions: "write", contents: "write", "pull-requests": "write", statuses: "read" },
  steps: [
    checkoutStep("all"),
    installStep(false),
    { name: title, env: { GITHUB_TOKEN: expression("github.token"), ...env }, run: command },
  ],
});

/** By hand: back to a release, or to the one before. It holds until a newer release. */
export function rollback({ engine, delivery, config, environments }: PipelineOptions): Workflow {
  return {
    name: "Rollback",
    "run-name": `Roll ${expression("inputs.environment")} back to ${expression("inputs.to || 'the release before'")}`,
    on: {
      workflow_dispatch: {
        inputs: {
          environment: {
            description: "Environment",
            required: true,
            type: "choice",
            options: Object.keys(environments),
          },
          to: { description: "Release tag; empty: the one before", type: "string" },
        },
      },
    },
    permissions: {},
    jobs: {
      rollback: job(
        "Roll back",
        { ENVIRONMENT: expression("inputs.environment"), TO: expression("inputs.to") },
        `node delivery/cli.ts rollback --engine ${engine} --delivery ${delivery} --branch ${config.branch}`,
      ),
    },
  };
}

/** Environments that are promoted to, each with where from. */
export const promotions = ({ environments }: PipelineOptions) =>
  Object.entries(environments).flatMap(([to, { from }]) => (from === undefined ? [] : [{ from, to }]));

/** By hand: the release of one environment, same tag and digest, to the next one by pull request. */
export function promote(pipeline: PipelineOptions): Workflow {
  const pairs = promotions(pipeline);
  const fromOf = pairs.map(({ from, to }) => `inputs.to == '${to}' && '${from}'`).join(" || ");
  return {
    name: "Promote",
    "run-name": `Promote to ${expression("inputs.to")}`,
    on: {
      workflow_dispatch: {
        inputs: {
          to: {
            description: `Environment (${pairs.map(({ from, to }) => `${to} gets the release of ${from}`).join(", ")})`,
            required: true,
            type: "choice",
            options: pairs.map(({ to }) => to),
          },
        },
      },
    },
    permissions: {},
    jobs: {
      promote: job(
        "Promote",
        { FROM: expression(fromOf), TO: expression("inputs.to") },
        `node delivery/cli.ts promote --engine ${pipeline.engine} --branch ${pipeline.config.branch}`,
      ),
    },
  };
}
