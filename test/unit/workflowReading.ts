import assert from "node:assert/strict";
import { parse } from "yaml";
import type { PipelineOptions } from "../../components/pipeline/options";
import { type Case, environment, filesOf, image, pipeline } from "./workflowCases";

/** What the tests look at of a file that was read back. */
export interface ReadStep {
  name?: string;
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
  env?: Record<string, string>;
}
export interface ReadJob {
  if?: string;
  environment?: string | { name: string; deployment: boolean };
  permissions: Record<string, string>;
  "timeout-minutes": number;
  env?: Record<string, string>;
  steps: ReadStep[];
}
export interface ReadWorkflow {
  on: Record<string, { paths?: string[]; inputs?: Record<string, { options?: string[] }> } | null>;
  permissions: unknown;
  defaults: unknown;
  concurrency?: { group: string; "cancel-in-progress": boolean };
  jobs: Record<string, ReadJob>;
}

/** A case's files, read back. */
export const workflowsOf = (one: Case): Record<string, ReadWorkflow> =>
  Object.fromEntries(Object.entries(filesOf(one)).map(([file, text]) => [file, parse(text) as ReadWorkflow]));

/** One of a case's files, such as `config/bump.yaml`. */
export const read = (one: Case, file: string): ReadWorkflow => {
  const workflow = workflowsOf(one)[file];
  assert.ok(workflow, `there is no ${file}`);
  return workflow;
};

/** One of a workflow's jobs. */
export const jobOf = (workflow: ReadWorkflow, name: string): ReadJob => {
  const job = workflow.jobs[name];
  assert.ok(job, `there is no job ${name} among ${Object.keys(workflow.jobs).join(", ")}`);
  return job;
};

/** Every way to set a pipeline up, as far as the files differ by it. */
function* everyCase(): Generator<[string, Case]> {
  const backends = {
    "https://api.pulumi.com": ["PULUMI_ACCESS_TOKEN"],
    "s3://state": ["PULUMI_CONFIG_PASSPHRASE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
    "file:///state": ["PULUMI_CONFIG_PASSPHRASE"],
  };
  const choices = <T>(...values: T[]) => values;
  for (const engine of choices("pulumi", "kustomize"))
    for (const delivery of choices("pullRequest", "branch"))
      for (const trigger of choices("release", "push"))
        for (const [backend, names] of Object.entries(backends))
          for (const several of choices(false, true))
            for (const platforms of choices<string[]>([], ["linux/amd64", "linux/arm64"]))
              for (const login of choices(true, false)) {
                const base = pipeline();
                const secrets = Object.fromEntries(names.map((name) => [name, "canary-not-a-secret"]));
                const changes = { secrets, variables: { AWS_REGION: "fra1" }, prereleases: several };
                const prod = environment("prod", {
                  ...changes,
                  from: "dev",
                  previewSecrets: secrets,
                  reviewers: ["ann"],
                });
                yield [
                  [
                    engine,
                    delivery,
                    trigger,
                    backend,
                    several ? "dev and prod" : "dev",
                    platforms,
                    login,
                  ].join(", "),
                  {
                    pipeline: pipeline({
                      ...({ engine, delivery } as Pick<PipelineOptions, "engine" | "delivery">),
                      backend,
                      app: { ...base.app, trigger: trigger as "release" | "push", platforms },
                      environments: { dev: environment("dev", changes), ...(several ? { prod } : {}) },
                    }),
                    image: { ...image, login },
                  },
                ];
              }
}

/** All of them with their files; made once, which is most of the work. */
export const everyWorkflow = lazily(() =>
  [...everyCase()].flatMap(([name, one]) =>
    Object.entries(workflowsOf(one)).map(([file, workflow]) => ({ name, one, file, workflow })),
  ),
);

function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
