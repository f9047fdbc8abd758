import * as github from "@pulumi/github";
import * as pulumi from "@pulumi/pulumi";
import { type GitHubAccess, ownerAndName } from "./github";
import type { PipelineOptions, Repository } from "./options";

export interface PipelineArgs {
  pipeline: PipelineOptions;
  access: GitHubAccess;
  /** Login of the registry that the release workflow pushes to, where it asks for one. */
  login?: { username: string; password: string };
  /** Text of the workflow files, by path. */
  workflows: { app: Record<string, string>; config: Record<string, string> };
  /** GitHub's ids of the environments' reviewers, by user name. */
  reviewers: Record<string, number>;
  /** Files that are written once, and then are the workflows' own, by path in the config repository. */
  firstFiles?: Record<string, pulumi.Input<string>>;
  /** Secrets of environments that this program makes itself, by environment and name. */
  madeSecrets?: Record<string, Record<string, pulumi.Input<string>>>;
}

/** What can be wired only in a repository that is there. */
interface Wired {
  /** Name without owner; known once the repository is there. */
  name: pulumi.Input<string>;
  options: Repository;
  opts: pulumi.CustomResourceOptions;
}

/** The release pipeline on GitHub: secrets, environments and workflow files of the app's and the config repository. */
export class Pipeline extends pulumi.ComponentResource {
  constructor(name: string, args: PipelineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:Pipeline", name, {}, opts);
    const { pipeline, workflows } = args;
    const app = this.repository("app", pipeline.app, args.access);
    const config = this.repository("config", pipeline.config, args.access);

    const told = this.appSecrets(app, args);
    const environments = this.environments(config, args);
    // A workflow that runs before what it needs is there fails: workflows come last, and the app's last of all.
    const first = this.firstFiles(config, args.firstFiles ?? {}, [
      ...environments,
      ...this.permissions(config),
    ]);
    const ready = this.files("config", config, workflows.config, first);
    this.files("app", app, workflows.app, [...told, ...ready]);
    this.registerOutputs({});
  }

  /** A repository as it is, or created: private, with its branch, and kept when the stack is destroyed. */
  private repository(role: "app" | "config", options: Repository, access: GitHubAccess): Wired {
    const { owner, name } = ownerAndName(options.repository);
    const { token, baseUrl, writeDelayMs } = access;
    const provider = new github.Provider(
      `github-${role}`,
      { owner, token: token && pulumi.secret(token), baseUrl, writeDelayMs },
      { parent: this },
    );
    const opts = { parent: this, provider };
    if (!options.create) return { name, options, opts };
    const created = new github.Repository(
      role,
      { name, visibility: "private", autoInit: true, hasIssues: true, deleteBranchOnMerge: true },
      { ...opts, retainOnDelete: true, protect: true },
    );
    const branch = new github.BranchDefault(
      role,
      { repository: created.name, branch: options.branch, rename: true },
      opts,
    );
    return { name: branch.repository, options, opts };
  }

  /** What the release workflow needs: the registry's login, and the token that tells the config repository. */
  private appSecrets({ name, opts }: Wired, { pipeline, login }: PipelineArgs): pulumi.Resource[] {
    const values = {
      ...(login ? { REGISTRY_USERNAME: login.username, REGISTRY_PASSWORD: login.password } : {}),
      DISPATCH_TOKEN: pipeline.dispatchToken,
    };
    return Object.entries(values).map(
      ([secretName, value]) =>
        new github.ActionsSecret(
          `app-${secretName}`,
          { repository: name, secretName, value: pulumi.secret(value) },
          opts,
        ),
    );
  }

  /** A GitHub environment for each environment, with its secrets and variables; one more where previews have weaker ones. */
  private environments(
    config: Wired,
    { pipeline, madeSecrets, reviewers: ids }: PipelineArgs,
  ): pulumi.Resource[] {
    return Object.entries(pipeline.environments).flatMap(([name, environment]) => {
      const { secrets, previewSecrets, variables, reviewers } = environment;
      const made = madeSecrets?.[name] ?? {};
      const users = reviewers.map((user) => ids[user] as number);
      return [
        ...this.environment(config, name, { ...secrets, ...made }, variables, users),
        ...(previewSecrets
          ? this.environment(config, `${name}-preview`, { ...previewSecrets, ...made }, variables, [])
          : []),
      ];
    });
  }

  private environment(
    { name: repository, opts }: Wired,
    environment: string,
    secrets: Record<string, pulumi.Input<string>>,
    variables: Record<string, string>,
    users: number[],
  ): pulumi.Resource[] {
    const made = new github.RepositoryEnvironment(
      environment,
      { repository, environment, ...(users.length ? { reviewers: [{ users }] } : {}) },
      opts,
    );
    const at = { repository, environment: made.environment };
    return [
      made,
      ...Object.entries(secrets).map(
        ([secretName, value]) =>
          new github.ActionsEnvironmentSecret(
            `${environment}-${secretName}`,
            { ...at, secretName, value: pulumi.secret(value) },
            opts,
          ),
      ),
      ...Object.entries(variables).map(
        ([variableName, value]) =>
          new github.ActionsEnvironmentVariable(
            `${environment}-${variableName}`,
            { ...at, variableName, value },
            opts,
          ),
      ),
    ];
  }

  /** Workflows may open pull requests; else they read, unless a job says what it writes. */
  private permissions({ name: repository, opts }: Wired): pulumi.Resource[] {
    return [
      new github.WorkflowRepositoryPermissions(
        "config",
        { repository, defaultWorkflowPermissions: "read", canApprovePullRequestReviews: true },
        opts,
      ),
    ];
  }

  /** Files on one branch, one after the other: writes side by side are answered 409. */
  private files(
    role: string,
    { name, options, opts }: Wired,
    files: Record<string, string>,
    after: pulumi.Resource[],
  ): pulumi.Resource[] {
    return Object.entries(files).reduce<pulumi.Resource[]>(
      (before, [file, content]) => [
        new github.RepositoryFile(
          `${role}-${file}`,
          {
            repository: name,
            branch: options.branch,
            file,
            content,
            // Always the same: another message would be another commit.
            commitMessage: `Wire the release pipeline: ${file}`,
            // What is there is Slipway's own, or the user said that it may go; the program looked before.
            overwriteOnCreate: true,
          },
          { ...opts, dependsOn: before, ignoreChanges: ["commitMessage", "commitAuthor", "commitEmail"] },
        ),
      ],
      after,
    );
  }

  /** Files that the workflows change from then on: never written again, and kept when the stack is destroyed. */
  private firstFiles(
    { name, options, opts }: Wired,
    files: Record<string, pulumi.Input<string>>,
    after: pulumi.Resource[],
  ): pulumi.Resource[] {
    return Object.entries(files).reduce<pulumi.Resource[]>(
      (before, [file, content]) => [
        new github.RepositoryFile(
          `first-${file}`,
          {
            repository: name,
            branch: options.branch,
            file,
            content,
            commitMessage: `Begin ${file}`,
            overwriteOnCreate: options.overwrite,
          },
          { ...opts, dependsOn: before, retainOnDelete: true, ignoreChanges: ["*"] },
        ),
      ],
      after,
    );
  }
}
