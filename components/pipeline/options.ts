/** What the wiring of the release pipeline is told: the stack's config key `pipeline`, checked and with defaults. */
export interface PipelineOptions {
  /** What applies a change to the cluster: this program, or plain `kubectl apply -k`. Default `pulumi`. */
  engine: "pulumi" | "kustomize";
  /** How a release reaches the config repository's branch: by a pull request, or at once. Default `pullRequest`. */
  delivery: "pullRequest" | "branch";
  app: AppRepository;
  config: Repository;
  /** What the app runs in, by name, each a stack; those without `from` get every release. */
  environments: Record<string, Environment>;
  /** Where the stacks' state is (`PULUMI_BACKEND_URL`). Default `https://api.pulumi.com`. */
  backend: string;
  /** When to look for drift: a cron expression in UTC. Default: each day at 6:17. */
  drift: string;
  /** Secret: a token that may start workflows in the config repository (`actions: write`), nothing more. */
  dispatchToken: string;
}

/** A GitHub repository that the pipeline uses. */
export interface Repository {
  /** `owner/name`. */
  repository: string;
  /** The branch that counts. Default `main`. */
  branch: string;
  /** Create it (private) instead of using one that is there. Default false. */
  create: boolean;
  /** Replace workflow files that Slipway did not write. Default false. */
  overwrite: boolean;
}

/** The app's repository, and how its image is built there. */
export interface AppRepository extends Repository {
  /** File name of its workflow in `.github/workflows`. Default `release.yaml`. */
  workflow: string;
  /** What deploys: a published release, or each push to the branch (tagged by commit). Default `release`. */
  trigger: "release" | "push";
  /** The image's build context, a folder of the repository. Default `.`. */
  context: string;
  /** Path of the Dockerfile in the repository. Default: `Dockerfile` in the context. */
  dockerfile?: string;
  /** Platforms to build for, such as `linux/arm64`. Default: the runner's own. */
  platforms: string[];
}

/** One environment: a stack, and a GitHub environment of the same name in the config repository. */
export interface Environment {
  /** The environment whose release is promoted here, by hand; default: none, it gets each release. */
  from?: string;
  /** The stack as the CLI takes it (`stack` or `organization/stack`). Default: the environment's name. */
  stack: string;
  /** Take prereleases as well. Default false. */
  prereleases: boolean;
  /** Secrets of its deploys, by the name of the environment variable: state backend, DigitalOcean, ... */
  secrets: Record<string, string>;
  /** Weaker secrets for previews, under the same names. Default: those of the deploys. */
  previewSecrets?: Record<string, string>;
  /** Further environment variables of its deploys and previews, not secret. */
  variables: Record<string, string>;
  /** GitHub user names who must approve each deploy. Default: none. */
  reviewers: string[];
}
