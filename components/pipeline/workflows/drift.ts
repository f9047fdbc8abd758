import type { PipelineOptions } from "../options";
import { credentials, defaults, engineFlags, job, readingEnvironment, stackFlags } from "./job";
import { explained, type Workflow } from "./workflow";

/** By the clock: looks whether each environment still is what its stack says, and tells in one issue. */
export function driftWorkflow(pipeline: PipelineOptions): Workflow {
  return {
    about: "Looks whether what runs still is what the branch says; one issue for each environment tells.",
    name: "Drift",
    on: { schedule: [{ cron: pipeline.drift }], workflow_dispatch: {} },
    permissions: {},
    concurrency: { group: "drift", "cancel-in-progress": false },
    defaults,
    jobs: Object.fromEntries(
      Object.entries(pipeline.environments).map(([name, environment]) => [
        `drift-${name}`,
        job(`Drift of ${name}`, pipeline, {
          minutes: 15,
          environment: readingEnvironment(name, environment),
          permissions: { contents: "read", issues: explained("write", "opens one, and closes it again") },
          runsPulumi: true,
          env: credentials(pipeline, environment),
          command: ["drift", name, ...engineFlags(pipeline), ...stackFlags(pipeline, name)],
        }),
      ]),
    ),
  };
}
