import assert from "node:assert/strict";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { githubUrl, privateRegistryAddress } from "../../lab/addresses.ts";
import { digitaloceanToken, githubOwner, githubOwnerToken, registryLogin } from "../../lab/credentials.ts";
import { control } from "../../lab/github/controlClient.ts";
import { ensureRepository, labGitHub, ownerAndRepo } from "../../lab/repositories.ts";
import type { Project } from "./project.mts";

const checkout = path.resolve(import.meta.dirname, "../..");

/** A workflow run, as a test looks at it. */
export interface Run {
  id: number;
  /** `config` or `app`, and the workflow's name. */
  workflow: string;
  conclusion: string | null;
  event: string;
}

/** Repositories of a test on the lab's GitHub, the stack that wires them, and what a person does there. */
export class Pipeline {
  readonly github = labGitHub();
  readonly project: Project;
  readonly appName: string;
  readonly configName: string;
  readonly stack: string;
  readonly dispatchToken: string;
  /** Name of the image in the registry: its own, for tests release the same tags. */
  readonly image: string;

  /**
   * @param name what the repositories' names begin with.
   * @param stack name of the stack that wires.
   */
  constructor(project: Project, name: string, stack = "pipeline") {
    this.project = project;
    this.stack = stack;
    this.appName = `${githubOwner}/${name}-app`;
    this.configName = `${githubOwner}/${name}-config`;
    this.image = `${githubOwner}/${name}`;
    this.dispatchToken = `canary-dispatch-${name}-not-a-secret`;
  }

  get app() {
    return ownerAndRepo(this.appName);
  }
  get config() {
    return ownerAndRepo(this.configName);
  }

  /** Makes the repositories: the app as it is here; the program as it is here, with these stacks of the project's. */
  async begin(stacks: string[]): Promise<void> {
    await control().addToken({
      token: this.dispatchToken,
      user: githubOwner,
      kind: "fine-grained",
      repositories: [this.configName],
      permissions: { metadata: "read", actions: "write" },
    });
    await ensureRepository(this.appName, (folder) => {
      cpSync(path.join(this.project.folder, "app"), folder, { recursive: true });
      return Promise.resolve();
    });
    await ensureRepository(this.configName, async (folder) => {
      const listed = await execa("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], {
        cwd: checkout,
      });
      for (const file of listed.stdout.split("\0").filter((name) => name && !name.startsWith("test/"))) {
        mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
        cpSync(path.join(checkout, file), path.join(folder, file));
      }
      for (const stack of stacks)
        writeFileSync(
          path.join(folder, `Pulumi.${stack}.yaml`),
          readFileSync(path.join(this.project.folder, `Pulumi.${stack}.yaml`)),
        );
    });
  }

  /** Makes the stack that wires, with these environments. */
  async configure(environments: Record<string, object>, more: Record<string, unknown> = {}): Promise<void> {
    const secrets = Object.fromEntries(
      Object.keys(environments).flatMap((name) => [
        [
          `pipeline.environments.${name}.secrets.PULUMI_CONFIG_PASSPHRASE`,
          this.project.env.PULUMI_CONFIG_PASSPHRASE,
        ],
        [`pipeline.environments.${name}.secrets.DIGITALOCEAN_TOKEN`, digitaloceanToken],
      ]),
    ) as Record<string, string>;
    await this.project.stack(
      this.stack,
      {
        "github:baseUrl": `${githubUrl}/`,
        "github:writeDelayMs": "1",
        repository: this.image,
        registry: { address: privateRegistryAddress, username: registryLogin.username },
        pipeline: {
          app: { repository: this.appName },
          config: { repository: this.configName },
          backend: this.project.env.PULUMI_BACKEND_URL,
          environments,
          ...more,
        },
      },
      {
        "registry.password": registryLogin.password,
        "github:token": githubOwnerToken,
        "pipeline.dispatchToken": this.dispatchToken,
        ...secrets,
      },
    );
  }

  up(...args: string[]): Promise<string> {
    return this.project.pulumi("up", "--yes", "--skip-preview", "--stack", this.stack, ...args);
  }

  tryUp() {
    const args = ["up", "--yes", "--skip-preview", "--non-interactive", "--stack", this.stack];
    return this.project.run("pulumi", args);
  }

  /** Every run of both repositories, oldest first. */
  async runs(): Promise<Run[]> {
    const found = await Promise.all(
      (
        [
          ["app", this.app],
          ["config", this.config],
        ] as const
      ).map(async ([which, repository]) => {
        const all = await this.github.paginate(this.github.actions.listWorkflowRunsForRepo, {
          ...repository,
          per_page: 100,
        });
        return all.map(({ id, name, conclusion, event }) => ({
          id,
          workflow: `${which}: ${name}`,
          conclusion,
          event,
        }));
      }),
    );
    return found.flat().sort((a, b) => a.id - b.id);
  }

  /** Does something, and waits until every workflow that comes of it has ended; gives their runs. */
  async follow(act: () => Promise<unknown>): Promise<Run[]> {
    const last = (await this.runs()).at(-1)?.id ?? 0;
    await act();
    // One run starts the next within the request that ends in it, so a moment without any is the end.
    let quiet = 0;
    while (quiet < 3) {
      await sleep(250);
      quiet = (await control().status()).running === 0 ? quiet + 1 : 0;
    }
    return (await this.runs()).filter(({ id }) => id > last);
  }

  /** Fails, with the logs, unless these workflows ran and ended so, in this order. */
  async expect(runs: Run[], expected: string[]): Promise<void> {
    const seen = runs.map(({ workflow, conclusion }) => `${workflow}: ${conclusion}`);
    if (JSON.stringify(seen) === JSON.stringify(expected)) return;
    const logs = await Promise.all(
      runs
        .filter(({ conclusion }) => conclusion !== "skipped")
        .map(async (run) => `── ${run.workflow}\n${await this.log(run)}`),
    );
    assert.deepEqual(seen, expected, `${JSON.stringify(seen)}\n${logs.join("\n").slice(-6000)}`);
  }

  /** The log of a run's jobs. */
  async log(run: Run): Promise<string> {
    const repository = run.workflow.startsWith("app") ? this.app : this.config;
    const { data } = await this.github.actions.listJobsForWorkflowRun({ ...repository, run_id: run.id });
    const logs = await Promise.all(
      data.jobs
        .filter(({ conclusion }) => conclusion !== "skipped")
        .map(async ({ id }) => {
          const { data: text } = await this.github.actions.downloadJobLogsForWorkflowRun({
            ...repository,
            job_id: id,
          });
          return String(text);
        }),
    );
    return logs.join("\n");
  }

  /** Changes a line of the app on its main branch. */
  async say(message: string): Promise<void> {
    await this.edit(this.app, "Dockerfile", "main", `Say: ${message}`, (text) =>
      text.replace(/^ARG MESSAGE=.*$/m, `ARG MESSAGE="${message}"`),
    );
  }

  /** Publishes a release of the app, and follows what comes of it. */
  release(tag: string, more: { prerelease?: boolean } = {}): Promise<Run[]> {
    return this.follow(() =>
      this.github.repos.createRelease({ ...this.app, tag_name: tag, target_commitish: "main", ...more }),
    );
  }

  /** Starts a workflow of the config repository by hand, and follows what comes of it. */
  dispatch(workflow: string, inputs: Record<string, string> = {}): Promise<Run[]> {
    return this.follow(() =>
      this.github.actions.createWorkflowDispatch({
        ...this.config,
        workflow_id: workflow,
        ref: "main",
        inputs,
      }),
    );
  }

  /** Approves the first job that waits for it, once there is one. */
  async approve(): Promise<void> {
    for (let tries = 0; tries < 120; tries++) {
      const { data } = await this.github.actions.listWorkflowRunsForRepo({
        ...this.config,
        status: "waiting",
      });
      const [run] = data.workflow_runs;
      if (run) {
        const at = { ...this.config, run_id: run.id };
        const { data: pending } = await this.github.actions.getPendingDeploymentsForRun(at);
        await this.github.actions.reviewPendingDeploymentsForRun({
          ...at,
          environment_ids: pending.map(({ environment }) => environment.id as number),
          state: "approved",
          comment: "Go",
        });
        return;
      }
      await sleep(250);
    }
    assert.fail("no job waits for an approval");
  }

  /** A file of the config repository. */
  async file(name: string, ref = "main", repository = this.config): Promise<{ text: string; sha: string }> {
    const { data } = await this.github.repos.getContent({ ...repository, path: name, ref });
    assert.ok("content" in data);
    return { text: Buffer.from(data.content, "base64").toString("utf8"), sha: data.sha };
  }

  /** Commits a change of one file to a branch. */
  async edit(
    repository: { owner: string; repo: string },
    name: string,
    branch: string,
    message: string,
    change: (text: string) => string,
  ): Promise<void> {
    const { text, sha } = await this.file(name, branch, repository);
    const changed = change(text);
    assert.notEqual(changed, text, `${name} is not changed`);
    await this.github.repos.createOrUpdateFileContents({
      ...repository,
      path: name,
      branch,
      message,
      sha,
      content: Buffer.from(changed).toString("base64"),
    });
  }

  /** The release that an environment's file names. */
  async imageTag(stack: string): Promise<string> {
    return /^ +slipway:imageTag: (\S+)$/m.exec((await this.file(`Pulumi.${stack}.yaml`)).text)?.[1] ?? "";
  }

  /** Number of commits on the config repository's main branch. */
  async commits(): Promise<number> {
    return (await this.github.paginate(this.github.repos.listCommits, { ...this.config, per_page: 100 }))
      .length;
  }

  /** The open pull requests of the config repository. */
  async pulls() {
    return (await this.github.pulls.list({ ...this.config, state: "open" })).data;
  }

  /** Comments of a pull request (or issue). */
  async comments(number: number) {
    return (await this.github.issues.listComments({ ...this.config, issue_number: number })).data;
  }

  /** State and words of the newest status of that name on a commit. */
  async status(ref: string, context: string): Promise<string> {
    const { data } = await this.github.repos.listCommitStatusesForRef({ ...this.config, ref });
    const found = data.find((status) => status.context === context);
    return found ? `${found.state}: ${found.description}` : "none";
  }

  async head(branch = "main"): Promise<string> {
    return (await this.github.git.getRef({ ...this.config, ref: `heads/${branch}` })).data.object.sha;
  }
}
