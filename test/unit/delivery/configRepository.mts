import { execa } from "execa";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import getPort from "get-port";
import { tmpdir } from "node:os";
import path from "node:path";
import { readJob, type Job } from "../../../delivery/job.ts";
import { addUser } from "../../../lab/github/control.ts";
import type { GitHubEvent } from "../../../lab/github/events.ts";
import { createServer } from "../../../lab/github/server.ts";
import type { Permissions } from "../../../lab/github/state.ts";
import { createRepository } from "../../../lab/github/repositories.ts";
import { actionsBot, addToken, mintJobToken } from "../../../lab/github/tokens.ts";
import { connect } from "../../../delivery/github.ts";

const ownerToken = "canary-owner-not-a-secret";

/** Digests of releases that never were. */
export const digest = (letter: string) => `sha256:${letter.repeat(64)}`;

/** Text of a stack's file that names a release. */
export const stackText = (release: string) => `# dev, by hand
config:
  slipway:imageTag: ${release} # the pipeline's
  slipway:repository: juggernaut/k8s-demo-go-app
`;

const workflow = (inputs = "") => `on:
  workflow_dispatch:${inputs}
jobs:
  job:
    runs-on: ubuntu-latest
    steps:
      - run: "true"
`;

const pullInput = `
    inputs:
      pull: { type: string, required: true }`;

/** The lab's GitHub in this process, with a config repository on it, and a clone such as a job has. */
export async function startConfigRepository() {
  const folder = await mkdtemp(path.join(tmpdir(), "slipway-delivery-"));
  const port = await getPort();
  const url = `http://127.0.0.1:${port}`;
  const { app, context } = createServer({ folder: path.join(folder, "github"), url });
  const events: GitHubEvent[] = [];
  context.events.on("event", (event) => events.push(event));
  addUser(context, actionsBot);
  addUser(context, { login: "juggernaut" });
  addToken(context.state, {
    token: ownerToken,
    user: "juggernaut",
    kind: "classic",
    scopes: ["repo", "workflow"],
  });
  const repository = await createRepository(context, "juggernaut", { name: "slipway" });
  let beforeRefUpdate = async () => {};
  app.addHook("preHandler", async ({ method, url: asked }) => {
    if (method === "PATCH" && asked.includes("/git/refs/")) await beforeRefUpdate();
  });
  await app.listen({ host: "127.0.0.1", port });

  const person = path.join(folder, "person");
  const git = execa({
    env: {
      GIT_CONFIG_GLOBAL: "/dev/null",
      GIT_AUTHOR_NAME: "Jubilee",
      GIT_AUTHOR_EMAIL: "jubilee@example.test",
      GIT_COMMITTER_NAME: "Jubilee",
      GIT_COMMITTER_EMAIL: "jubilee@example.test",
    },
  });
  // Read as files, which is quicker; written as a person does.
  const bare = path.join(context.git.folder, "juggernaut", "slipway.git");
  let pushed = false;
  const remote = `http://juggernaut:${ownerToken}@127.0.0.1:${port}/juggernaut/slipway.git`;
  await git`git init --quiet --initial-branch main ${person}`;

  /** What a person does: writes files, commits, pushes to main. */
  const commit = async (files: Record<string, string>, message = "By hand"): Promise<string> => {
    if (pushed) {
      await git({ cwd: person })`git fetch --quiet ${bare} main`;
      await git({ cwd: person })`git reset --quiet --hard FETCH_HEAD`;
    }
    pushed = true;
    for (const [name, text] of Object.entries(files)) {
      await mkdir(path.dirname(path.join(person, name)), { recursive: true });
      await writeFile(path.join(person, name), text);
    }
    await git({ cwd: person })`git add --all`;
    await git({ cwd: person })`git commit --quiet --message ${message}`;
    await git({ cwd: person })`git push --quiet ${remote} HEAD:main`;
    return (await git({ cwd: person })`git rev-parse HEAD`).stdout;
  };
  await commit({
    "Pulumi.dev.yaml": stackText("v0.0.1"),
    "Pulumi.prod.yaml": stackText("v0.0.1"),
    ".github/workflows/deploy-dev.yaml": workflow(),
    ".github/workflows/preview-dev.yaml": workflow(pullInput),
    ".github/workflows/preview-prod.yaml": workflow(pullInput),
  });

  const owner = connect({
    owner: "juggernaut",
    repo: "slipway",
    token: ownerToken,
    api: `${url}/api/v3`,
  } as Job);
  await owner.rest.actions.setGithubActionsDefaultWorkflowPermissionsRepository({
    ...owner.at,
    can_approve_pull_request_reviews: true,
  });
  let clones = 0;
  const lines: string[] = [];
  return {
    context,
    events,
    /** What the jobs logged. */
    lines,
    owner,
    at: owner.at,
    commit,
    /** A job on a branch as it is now: all commits checked out, a token with these permissions. */
    async job(permissions: Permissions, env: Record<string, string> = {}, ref = "main"): Promise<Job> {
      const checkout = path.join(folder, `clone-${++clones}`);
      await git`git clone --quiet --branch ${ref} ${bare} ${checkout}`;
      const summary = path.join(folder, `summary-${clones}.md`);
      await writeFile(summary, "");
      const job = readJob(
        {
          PATH: process.env.PATH,
          GITHUB_TOKEN: mintJobToken(context.state, repository, { metadata: "read", ...permissions }),
          GITHUB_REPOSITORY: "juggernaut/slipway",
          GITHUB_SHA: (await git({ cwd: checkout })`git rev-parse HEAD`).stdout,
          GITHUB_REF_NAME: ref,
          GITHUB_RUN_ID: "42",
          GITHUB_API_URL: `${url}/api/v3`,
          GITHUB_SERVER_URL: url,
          GITHUB_STEP_SUMMARY: summary,
          ...env,
        },
        checkout,
      );
      return { ...job, log: (line) => lines.push(line) };
    },
    /** Has something happen before each change of a branch by the API. */
    beforeRefUpdate(work: () => Promise<void>) {
      beforeRefUpdate = work;
    },
    /** A file on a branch, by a person's client. */
    async text(file: string, ref = "main"): Promise<string> {
      const { data } = await owner.rest.repos.getContent({ ...owner.at, path: file, ref });
      return Buffer.from((data as { content: string }).content, "base64").toString();
    },
    /** Pull requests in this state. */
    pulls: async (state: "open" | "closed" | "all") =>
      (await owner.rest.pulls.list({ ...owner.at, state })).data,
    commits: async (ref = "main") => (await owner.rest.repos.listCommits({ ...owner.at, sha: ref })).data,
    /** What was dispatched: workflow, ref, inputs. */
    dispatched: () =>
      events.filter(({ name }) => name === "workflow_dispatch").map(({ ref, payload }) => ({ ref, payload })),
    summary: async (job: Job) => readFile(job.summaryFile as string, "utf8"),
    async stop() {
      await app.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

export type ConfigRepository = Awaited<ReturnType<typeof startConfigRepository>>;

/** What a bump may do, as the generated workflow says. */
export const bumpPermissions = { actions: "write", contents: "write", pull_requests: "write" } as const;
