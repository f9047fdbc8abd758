import type { Environment, PipelineOptions } from "../options";
import {
  credentials,
  defaults,
  deployedPaths,
  engineFlags,
  job,
  readingEnvironment,
  stackFlags,
} from "./job";
import { type Dispatch, explained, type Workflow } from "./workflow";

const pull = "${{ github.event.pull_request.number || inputs.pull }}";

/** On each pull request that changes an environment: tells, in one comment, what would happen. */
export function previewWorkflow(pipeline: PipelineOptions, name: string, environment: Environment): Workflow {
  return {
    about: `Tells what a pull request would change in ${name}, in one comment.`,
    name: `Preview ${name}`,
    "run-name": `Preview ${name} for #${pull}`,
    on: {
      pull_request: {
        branches: [pipeline.config.branch],
        paths: deployedPaths(pipeline, name, environment),
      },
      workflow_dispatch: explained<Dispatch>(
        {
          inputs: {
            pull: { description: "Number of the pull request", type: "string", required: true },
          },
        },
        "By the bump as well: a pull request that a workflow opens starts none.",
      ),
    },
    permissions: {},
    concurrency: explained(
      { group: `preview-${name}-\${{ github.ref }}`, "cancel-in-progress": true },
      "A newer commit makes the preview of an older one pointless.",
    ),
    defaults,
    jobs: {
      preview: explained(
        job(`Preview ${name}`, pipeline, {
          if: [
            "github.event_name == 'workflow_dispatch'",
            "github.event.pull_request.head.repo.full_name == github.repository",
          ].join(" || "),
          minutes: 15,
          environment: readingEnvironment(name, environment),
          permissions: {
            contents: "read",
            "pull-requests": explained("write", "the comment"),
            statuses: explained("write", "the plan that is reviewed"),
          },
          runsPulumi: true,
          env: { PULL: pull, ...credentials(pipeline, environment) },
          command: ["preview", name, ...engineFlags(pipeline), ...stackFlags(pipeline, name)],
        }),
        "Not for a fork: its author could change what runs here, beside the secrets.",
      ),
    },
  };
}
