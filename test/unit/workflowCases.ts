import type { Environment, PipelineOptions } from "../../components/pipeline/options";
import { appWorkflows, configWorkflows, type AppImage } from "../../components/pipeline/workflows";

/** A pipeline, and the image that it releases. */
export interface Case {
  pipeline: PipelineOptions;
  image: AppImage;
}

const canary = "canary-not-a-secret";

/** Secrets by these names; their values are in no workflow file. */
const secrets = (...names: string[]) => Object.fromEntries(names.map((name) => [name, canary]));

/** An environment, named as its stack is. */
export const environment = (stack: string, changes: Partial<Environment> = {}): Environment => ({
  stack,
  prereleases: false,
  secrets: secrets("PULUMI_ACCESS_TOKEN", "DIGITALOCEAN_TOKEN"),
  variables: {},
  reviewers: [],
  ...changes,
});

/** What a pipeline is, that says no more than it must. */
export const pipeline = (changes: Partial<PipelineOptions> = {}): PipelineOptions => ({
  engine: "pulumi",
  delivery: "pullRequest",
  app: {
    repository: "juggernaut/k8s-demo-go-app",
    branch: "main",
    create: false,
    overwrite: false,
    workflow: "release.yaml",
    trigger: "release",
    context: ".",
    platforms: [],
  },
  config: { repository: "juggernaut/slipway", branch: "main", create: false, overwrite: false },
  environments: { dev: environment("dev") },
  backend: "https://api.pulumi.com",
  drift: "17 6 * * *",
  dispatchToken: canary,
  ...changes,
});

/** On Docker Hub. */
export const image: AppImage = {
  registry: "docker.io",
  repository: "juggernaut/k8s-demo-go-app",
  login: true,
};

const { app } = pipeline();
const spaces = secrets("PULUMI_CONFIG_PASSPHRASE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY");

/** Those whose files are kept, by the name of their folder. */
export const cases: Record<string, Case> = {
  // One environment, a pull request for each release, state in Pulumi Cloud.
  simple: { pipeline: pipeline(), image },
  // Promotion to one that has reviewers and weaker secrets for previews, state in a Space.
  promotion: {
    pipeline: pipeline({
      environments: {
        dev: environment("dev", { secrets: spaces, prereleases: true }),
        prod: environment("acme/prod-eu", {
          from: "dev",
          secrets: { ...spaces, ...secrets("DIGITALOCEAN_TOKEN") },
          previewSecrets: { ...spaces, ...secrets("DIGITALOCEAN_TOKEN") },
          variables: { AWS_REGION: "fra1" },
          reviewers: ["ann", "bob"],
        }),
      },
      backend: "s3://acme-state?endpoint=fra1.digitaloceanspaces.com",
    }),
    image,
  },
  // Each push of the app, at once, from a registry that asks for no login.
  everyPush: {
    pipeline: pipeline({
      delivery: "branch",
      app: {
        ...app,
        workflow: "push.yaml",
        trigger: "push",
        context: "app",
        dockerfile: "app/Dockerfile.release",
      },
      environments: { dev: environment("dev", { secrets: secrets("PULUMI_CONFIG_PASSPHRASE") }) },
      backend: "file:///var/lib/slipway",
    }),
    image: { registry: "127.0.0.1:5000", repository: "juggernaut/k8s-demo-go-app", login: false },
  },
  // No Pulumi in the deploys.
  vanilla: {
    pipeline: pipeline({
      engine: "kustomize",
      environments: {
        dev: environment("dev", { secrets: {} }),
        prod: environment("prod", { from: "dev", secrets: {} }),
      },
    }),
    image: { ...image, registry: "registry.digitalocean.com" },
  },
  // For two kinds of processors.
  platforms: {
    pipeline: pipeline({ app: { ...app, platforms: ["linux/amd64", "linux/arm64"] } }),
    image: { ...image, registry: "ghcr.io" },
  },
};

/** A case's files by path: those of the app repository below `app/`, of the config repository below `config/`. */
export function filesOf({ pipeline, image }: Case): Record<string, string> {
  const below = (folder: string, files: Record<string, string>) =>
    Object.entries(files).map(([file, text]) => [`${folder}/${file.replace(/^.*\//, "")}`, text]);
  return Object.fromEntries([
    ...below("app", appWorkflows(pipeline, image, "pipeline")),
    ...below("config", configWorkflows(pipeline, "pipeline")),
  ]) as Record<string, string>;
}
