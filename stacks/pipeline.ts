import * as pulumi from "@pulumi/pulumi";
import { Pipeline } from "../components/pipeline";
import { githubAccess } from "../components/pipeline/github";
import type { PipelineOptions } from "../components/pipeline/options";
import { lookAtGitHub } from "../components/pipeline/preflight";
import { appWorkflows, configWorkflows } from "../components/pipeline/workflows";
import type { Config } from "../config";
import { configurationError } from "../config/problems";

/** What an environment's stack tells the pipeline, where `kubectl` delivers. */
interface KubectlOutputs {
  /** First text of the files, by name. */
  files: pulumi.Output<Record<string, string>>;
  /** Secret. */
  deployKubeconfig: pulumi.Output<string>;
}

function kubectlOutputs(stack: string): KubectlOutputs {
  const [name, organization] = stack.split("/").reverse() as [string, string?];
  const reference = new pulumi.StackReference(stack, {
    name: `${organization ?? pulumi.getOrganization()}/${pulumi.getProject()}/${name}`,
  });
  const needed = (output: string) =>
    reference.getOutput(output).apply((value) => {
      if (value !== undefined) return value as unknown;
      throw new pulumi.RunError(
        `stack ${stack} has no output ${output}: it is delivered by kubectl only after\n    pulumi config set --stack ${stack} engine kustomize; pulumi up --stack ${stack}`,
      );
    });
  return {
    files: needed("files") as KubectlOutputs["files"],
    deployKubeconfig: needed("deployKubeconfig") as KubectlOutputs["deployKubeconfig"],
  };
}

/** A stack that wires the pipeline: it looks at what GitHub has, and then writes. */
export async function pipelineStack(
  config: Config,
  pipeline: PipelineOptions,
): Promise<Record<string, unknown>> {
  const { registry, repository } = config;
  const { username, password } = registry;
  const login = username && password ? { username, password } : undefined;
  const image = { registry: registry.address, repository, login: login !== undefined };
  const stack = pulumi.getStack();
  const files = { app: appWorkflows(pipeline, image, stack), config: configWorkflows(pipeline, stack) };
  const access = githubAccess();
  const { problems, reviewers } = await lookAtGitHub({ access, pipeline, files });
  if (problems.length > 0) throw configurationError(problems, stack);

  const firstFiles: Record<string, pulumi.Input<string>> = {};
  const madeSecrets: Record<string, Record<string, pulumi.Input<string>>> = {};
  if (pipeline.engine === "kustomize")
    for (const [name, environment] of Object.entries(pipeline.environments)) {
      const outputs = kubectlOutputs(environment.stack);
      for (const file of ["deployment.yaml", "kustomization.yaml"])
        firstFiles[`deploy/${name}/${file}`] = outputs.files.apply((texts) => texts[file] as string);
      madeSecrets[name] = { KUBECONFIG_CONTENT: outputs.deployKubeconfig };
    }
  new Pipeline("pipeline", {
    pipeline,
    access,
    login,
    workflows: files,
    reviewers,
    firstFiles,
    madeSecrets,
  });
  return {
    app: pipeline.app.repository,
    config: pipeline.config.repository,
    environments: Object.keys(pipeline.environments),
  };
}
