import type { PipelineOptions } from "../options";
import { bump } from "./bump";
import { promote, promotions, rollback } from "./byHand";
import { deploy } from "./deploy";
import { drift } from "./drift";
import { preview } from "./preview";
import { type PushedImage, release } from "./release";
import { print } from "./workflow";

export type { PushedImage } from "./release";
export { writtenBySlipway } from "./workflow";

const folder = ".github/workflows";

/** The app repository's files, by path. `stack` is the one that writes them. */
export function appWorkflows(
  pipeline: PipelineOptions,
  image: PushedImage,
  stack: string,
): Record<string, string> {
  return {
    [`${folder}/${pipeline.app.workflow}`]: print(
      release(pipeline, image),
      stack,
      "Builds the image, pushes it, and tells the config repository.",
    ),
  };
}

/** The config repository's workflow files, by path. `stack` is the one that writes them. */
export function configWorkflows(pipeline: PipelineOptions, stack: string): Record<string, string> {
  const files: Record<string, string> = {
    "bump.yaml": print(
      bump(pipeline),
      stack,
      "The app says that a release is there: into the environments that take releases.",
    ),
    "drift.yaml": print(
      drift(pipeline),
      stack,
      "Does what runs still match the branch? An issue says where not.",
    ),
    "rollback.yaml": print(
      rollback(pipeline),
      stack,
      "By hand: back to a release. No build; it holds until a newer release.",
    ),
  };
  if (promotions(pipeline).length > 0)
    files["promote.yaml"] = print(
      promote(pipeline),
      stack,
      "By hand: the release of one environment to the next.",
    );
  for (const [name, environment] of Object.entries(pipeline.environments)) {
    files[`preview-${name}.yaml`] = print(
      preview(pipeline, name, environment),
      stack,
      `What a pull request would change in ${name}, as a comment.`,
    );
    files[`deploy-${name}.yaml`] = print(
      deploy(pipeline, name, environment),
      stack,
      `Makes ${name} what the branch says, and sees the new version answer.`,
    );
  }
  return Object.fromEntries(
    Object.entries(files)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, text]) => [`${folder}/${name}`, text]),
  );
}
