import type { PipelineOptions } from "../options";
import { changePermissions } from "./bump";
import { branchFlags, defaults, engineFlags, environmentInput, job, stacksFlags } from "./job";
import type { Job, Workflow } from "./workflow";

/**
 * By hand: an environment gets, by pull request, what the one before it runs: same tag, same digest.
 * Undefined where no environment has one before it.
 */
export function promoteWorkflow(pipeline: PipelineOptions): Workflow | undefined {
  const steps = Object.entries(pipeline.environments).flatMap(([to, { from }]) =>
    from ? [{ from, to }] : [],
  );
  if (steps.length === 0) return undefined;
  const promote = (from: string, to: string): Job =>
    job(`Promote ${from} to ${to}`, pipeline, {
      if: `github.ref == 'refs/heads/${pipeline.config.branch}' && inputs.to == '${to}'`,
      minutes: 10,
      permissions: changePermissions(true),
      history: true,
      env: { FROM: from, TO: to },
      command: [
        "promote",
        ...engineFlags(pipeline),
        ...branchFlags(pipeline),
        ...stacksFlags(pipeline, [from, to]),
      ],
    });
  return {
    about:
      "By hand: an environment gets, by pull request, the release of the one before it: same tag, same digest.",
    name: "Promote",
    "run-name": "Promote to ${{ inputs.to }}",
    on: {
      workflow_dispatch: {
        inputs: {
          to: environmentInput(
            `What gets the release: ${steps.map(({ from, to }) => `${to} from ${from}`).join(", ")}`,
            steps.map(({ to }) => to),
          ),
        },
      },
    },
    permissions: {},
    concurrency: { group: "promote-${{ inputs.to }}", "cancel-in-progress": false },
    defaults,
    jobs: Object.fromEntries(steps.map(({ from, to }) => [`promote-${to}`, promote(from, to)])),
  };
}
