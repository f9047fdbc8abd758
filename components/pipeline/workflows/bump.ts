import type { PipelineOptions } from "../options";
import { branchFlags, defaults, engineFlags, job, stackFlags } from "./job";
import { explained, type Job, type Permissions, type Workflow } from "./workflow";

/** What a job needs that changes which release an environment runs, by pull request or at once. */
export const changePermissions = (byPullRequest: boolean): Permissions => ({
  actions: explained("write", byPullRequest ? "starts the preview" : "starts the deploy"),
  contents: explained("write", "commits the change"),
  "pull-requests": byPullRequest
    ? explained("write", "opens the pull request")
    : explained("read", "looks for one that is open"),
});

/** On the app's message that a release is in the registry: names it in each environment that takes releases. */
export function bumpWorkflow(pipeline: PipelineOptions): Workflow {
  const { app, delivery, environments } = pipeline;
  const bump = (name: string, prereleases: boolean): Job =>
    job(`Bump ${name}`, pipeline, {
      minutes: 10,
      permissions: changePermissions(delivery === "pullRequest"),
      history: true,
      env: {
        TAG: "${{ inputs.tag }}",
        DIGEST: "${{ inputs.digest }}",
        PRERELEASE: "${{ inputs.prerelease }}",
      },
      command: [
        ...["bump", name, ...engineFlags(pipeline), "--delivery", delivery, ...branchFlags(pipeline)],
        ...["--app", app.repository, ...stackFlags(pipeline, name)],
        ...(prereleases ? ["--prereleases"] : []),
      ],
    });
  return {
    about: "Names a release, of which the app tells, in each environment that takes releases.",
    name: "Bump",
    "run-name": "Bump to ${{ inputs.tag }}",
    on: {
      workflow_dispatch: {
        inputs: {
          tag: { description: "Tag of the release", type: "string", required: true },
          digest: { description: "Digest of its image (sha256:...)", type: "string", required: true },
          prerelease: { description: "It is a prerelease", type: "boolean", default: false },
        },
      },
    },
    permissions: {},
    concurrency: explained(
      { group: "bump-${{ inputs.tag }}", "cancel-in-progress": false },
      "Not one group for all releases: of those that wait, GitHub keeps only the last to come.",
    ),
    defaults,
    jobs: Object.fromEntries(
      Object.entries(environments)
        .filter(([, { from }]) => from === undefined)
        .map(([name, { prereleases }]) => [`bump-${name}`, bump(name, prereleases)]),
    ),
  };
}
