import type { PipelineOptions } from "../options";
import { bumpWorkflow } from "./bump";
import { deployWorkflow } from "./deploy";
import { driftWorkflow } from "./drift";
import { previewWorkflow } from "./preview";
import { promoteWorkflow } from "./promote";
import { type AppImage, releaseWorkflow } from "./release";
import { rollbackWorkflow } from "./rollback";
import { type Workflow, workflowText } from "./workflow";

export type { AppImage } from "./release";
export { writtenBySlipway } from "./workflow";

function texts(workflows: Record<string, Workflow | undefined>, stack: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(workflows).flatMap(([file, workflow]) =>
      workflow ? [[`.github/workflows/${file}`, workflowText(workflow, stack)]] : [],
    ),
  );
}

/**
 * Text of the app repository's workflow file, by its path.
 *
 * @param stack name of the stack that wires the pipeline, for the file's first line.
 */
export const appWorkflows = (
  pipeline: PipelineOptions,
  image: AppImage,
  stack: string,
): Record<string, string> => texts({ [pipeline.app.workflow]: releaseWorkflow(pipeline, image) }, stack);

/** Text of each of the config repository's workflow files, by its path; `stack` as for {@link appWorkflows}. */
export function configWorkflows(pipeline: PipelineOptions, stack: string): Record<string, string> {
  const environments = Object.entries(pipeline.environments);
  return texts(
    {
      "bump.yaml": bumpWorkflow(pipeline),
      ...Object.fromEntries(
        environments.flatMap(([name, environment]) => [
          [`preview-${name}.yaml`, previewWorkflow(pipeline, name, environment)],
          [`deploy-${name}.yaml`, deployWorkflow(pipeline, name, environment)],
        ]),
      ),
      "drift.yaml": driftWorkflow(pipeline),
      "rollback.yaml": rollbackWorkflow(pipeline),
      "promote.yaml": promoteWorkflow(pipeline),
    },
    stack,
  );
}
