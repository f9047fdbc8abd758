import { z } from "zod";
import type { Environment, PipelineOptions } from "../components/pipeline/options";
import { dnsLabel, text, truth, variableName } from "./fields";

const unknownNames = (allowed: string[]) => ({
  error: (issue: { code?: string }) =>
    issue.code === "unrecognized_keys" ? `one of ${[...allowed].sort().join(", ")}` : "an object",
});

const object = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, unknownNames(Object.keys(shape)));

const choice = <T extends string>(...values: [T, ...T[]]) => z.enum(values, { error: values.join(" or ") });

const branch = text(/^[\w./-]{1,200}$/, "the name of a branch, such as main").default("main");

const repositoryShape = {
  repository: text(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})\/[\w.-]{1,100}$/, "owner/name of a GitHub repository"),
  branch,
  create: truth.default(false),
  overwrite: truth.default(false),
};

const inside = (what: string) =>
  text(/^(?!\/)(?!(.*\/)?\.\.(\/|$))[\w./-]+$/, `${what}, seen from the repository's top`);

const app = object({
  ...repositoryShape,
  workflow: text(/^[\w.-]+\.ya?ml$/, "a file name that ends in .yaml or .yml").default("release.yaml"),
  trigger: choice("release", "push").default("release"),
  context: inside("a folder").default("."),
  dockerfile: inside("the path of a Dockerfile").optional(),
  platforms: z
    .array(
      text(/^[a-z0-9]+\/[a-z0-9]+(\/v\d+)?$/, "an operating system and architecture, such as linux/arm64"),
      {
        error: "a list of platforms",
      },
    )
    .default([]),
});

const reserved = /^(GITHUB_|RUNNER_|SLIPWAY_|TAG$|DIGEST$|PRERELEASE$|PULL$|PLAN$|PULUMI_BACKEND_URL$|PATH$)/;

const environmentVariables = z.record(
  variableName.refine((name) => !reserved.test(name), {
    error: "a name that neither GitHub nor the workflows use themselves",
  }),
  z.string({ error: "a text; quote it if it looks like a number or true/false" }).min(1, { error: "a text" }),
  {
    error: (issue) =>
      issue.code === "invalid_key"
        ? `as a name, ${issue.issues[0]?.message}`
        : "a map of environment variables",
  },
);

const environment = object({
  from: dnsLabel.optional(),
  stack: text(/^([\w.-]+\/)?[\w.-]+$/, "a stack: its name, or organization/name").optional(),
  prereleases: truth.default(false),
  secrets: environmentVariables.default({}),
  previewSecrets: environmentVariables.optional(),
  variables: environmentVariables.default({}),
  reviewers: z
    .array(text(/^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})$/, "a GitHub user name"), {
      error: "a list of GitHub user names",
    })
    .max(6, { error: "at most 6 user names, which is GitHub's limit" })
    .default([]),
});

const environments = z
  .record(dnsLabel, environment, {
    error: (issue) =>
      issue.code === "invalid_key"
        ? `as a name, ${issue.issues[0]?.message}`
        : "a map of environments by name",
  })
  .refine((all) => Object.keys(all).length > 0, { error: "at least one environment" })
  .transform((all): Record<string, Environment> =>
    Object.fromEntries(
      Object.entries(all).map(([name, one]) => [name, { ...one, stack: one.stack ?? name }]),
    ),
  );

/** The key `pipeline`: what a stack wires on GitHub. */
export const pipeline: z.ZodType<PipelineOptions | undefined> = object({
  engine: choice("pulumi", "kustomize").default("pulumi"),
  delivery: choice("pullRequest", "branch").default("pullRequest"),
  app,
  config: object(repositoryShape),
  environments,
  backend: text(
    /^(https?|s3|azblob|gs|file|postgres):\/\/\S*$/,
    "where the stacks' state is, as `pulumi login` takes it: https://api.pulumi.com, s3://bucket?…, file://…",
  ).default("https://api.pulumi.com"),
  drift: text(/^(\S+\s+){4}\S+$/, "a cron expression of five fields, in UTC").default("17 6 * * *"),
  dispatchToken: z.string({ error: "a GitHub token" }).min(1, { error: "a GitHub token" }),
}).optional() as z.ZodType<PipelineOptions | undefined>;

/** Whether the value at this path of `pipeline` is a secret. */
export const isPipelineSecret = (path: PropertyKey[]): boolean =>
  path[0] === "dispatchToken" || path.some((step) => step === "secrets" || step === "previewSecrets");
