import type { PipelineOptions } from "../options";
import { checkout, defaults } from "./job";
import {
  buildScript,
  checkTagScript,
  crossBuildScript,
  emulationScript,
  findCrossBuiltScript,
  findScript,
  loginScript,
  tellScript,
} from "./releaseScripts";
import { explained, type RunStep, type Step, type Triggers, type Workflow } from "./workflow";

/** The image that the app repository releases. */
export interface AppImage {
  /** Host of the registry, with a port if it has one. */
  registry: string;
  /** Name in the registry. */
  repository: string;
  /** The registry asks for a login: the secrets REGISTRY_USERNAME and REGISTRY_PASSWORD. */
  login: boolean;
}

/** What starts the workflow, and how it names the image. */
interface Trigger {
  on: Triggers;
  runName?: string;
  group: string;
  tag: string;
  prerelease: string;
  if?: string;
}

function trigger({ app, environments }: PipelineOptions): Trigger {
  if (app.trigger === "push")
    return {
      on: { push: { branches: [app.branch] } },
      group: "release-${{ github.sha }}",
      tag: "sha-${{ github.sha }}",
      prerelease: "false",
    };
  const wanted = Object.values(environments).some(({ from, prereleases }) => !from && prereleases);
  return {
    on: { release: { types: ["published"] } },
    runName: "Release ${{ github.event.release.tag_name }}",
    group: "release-${{ github.ref }}",
    tag: "${{ github.event.release.tag_name }}",
    prerelease: "${{ github.event.release.prerelease }}",
    ...(wanted ? {} : { if: "${{ !github.event.release.prerelease }}" }),
  };
}

/** On a release, or on each push to the branch: builds the image, pushes it, tells the config repository. */
export function releaseWorkflow(pipeline: PipelineOptions, image: AppImage): Workflow {
  const { app, config } = pipeline;
  const { on, runName, group, tag, prerelease, if: condition } = trigger(pipeline);
  // Docker leaves its own registry out of an image's name.
  const name = image.registry === "docker.io" ? image.repository : `${image.registry}/${image.repository}`;
  const cross = app.platforms.length > 0;
  const emulated = app.platforms.some((platform) => platform !== "linux/amd64");

  const login: RunStep = {
    name: `Log in to ${image.registry}`,
    env: {
      REGISTRY_USERNAME: "${{ secrets.REGISTRY_USERNAME }}",
      REGISTRY_PASSWORD: "${{ secrets.REGISTRY_PASSWORD }}",
    },
    run: loginScript(image.registry),
  };
  const notThere = "steps.find.outputs.digest == ''";
  const steps: Step[] = [
    checkout(),
    ...(app.trigger === "release" ? [{ name: "Check the tag", run: checkTagScript }] : []),
    ...(image.login ? [login] : []),
    explained(
      {
        name: "Look for the image in the registry",
        id: "find",
        run: cross ? findCrossBuiltScript : findScript,
      },
      "A tag means one thing for ever: what was built from this commit is not built again, and what was\nbuilt from another is not overwritten.",
    ),
    ...(emulated
      ? [{ name: "Install emulation of other processors", if: notThere, run: emulationScript }]
      : []),
    {
      name: "Build and push",
      id: "build",
      if: notThere,
      env: {
        CONTEXT: app.context,
        ...(app.dockerfile ? { DOCKERFILE: app.dockerfile } : {}),
        ...(cross ? { PLATFORMS: app.platforms.join(",") } : {}),
      },
      run: (cross ? crossBuildScript : buildScript)(app.dockerfile !== undefined),
    },
    {
      name: `Tell ${config.repository}`,
      env: {
        CONFIG_REPOSITORY: config.repository,
        CONFIG_BRANCH: config.branch,
        DISPATCH_TOKEN: "${{ secrets.DISPATCH_TOKEN }}",
        DIGEST: "${{ steps.find.outputs.digest || steps.build.outputs.digest }}",
        PRERELEASE: prerelease,
      },
      run: tellScript,
    },
  ];
  return {
    about: "Builds the image, pushes it, and tells the config repository its tag and digest.",
    name: "Release",
    ...(runName ? { "run-name": runName } : {}),
    on,
    permissions: {},
    concurrency: { group, "cancel-in-progress": false },
    defaults,
    jobs: {
      release: {
        name: "Build, push and tell",
        ...(condition ? { if: condition } : {}),
        "runs-on": "ubuntu-latest",
        "timeout-minutes": 60,
        permissions: { contents: "read" },
        env: { IMAGE: name, TAG: tag },
        steps,
      },
    },
  };
}
