import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { labEnvironment, labStack } from "./environment.ts";
import { checkout } from "./paths.ts";
import { isRunning } from "./process.ts";
import { runLog } from "./runLog.ts";
import { appRepository, configRepository, labGitHub, ownerAndRepo } from "./repositories.ts";

/** What `npm run release` is told. */
export interface ReleaseOptions {
  /** What the new version says on `/demo`; without it, the app is released as it is. */
  message?: string;
}

interface Run {
  id: number;
  repository: string;
  name: string;
  status: string | null;
  conclusion: string | null;
  url: string;
}

const github = labGitHub();
const app = ownerAndRepo(appRepository);

/** Changes what the app says, by a commit on its main branch, as a developer would. */
async function changeMessage(message: string): Promise<void> {
  if (/["\\$`\n]/.test(message))
    throw new Error(
      `the message ${JSON.stringify(message)} would be code in a Dockerfile; leave out ", \\, $, \` and line breaks`,
    );
  const { data } = await github.repos.getContent({ ...app, path: "Dockerfile", ref: "main" });
  if (!("content" in data)) throw new Error(`${appRepository} has no Dockerfile`);
  const before = Buffer.from(data.content, "base64").toString("utf8");
  const after = before.replace(/^ARG MESSAGE=.*$/m, `ARG MESSAGE="${message}"`);
  if (after === before) return;
  await github.repos.createOrUpdateFileContents({
    ...app,
    path: "Dockerfile",
    branch: "main",
    sha: data.sha,
    message: `Say: ${message}`,
    content: Buffer.from(after).toString("base64"),
  });
}

/** All workflow runs of both repositories, oldest first. */
async function runs(): Promise<Run[]> {
  const found = await Promise.all(
    [appRepository, configRepository].map(async (repository) => {
      const { data } = await github.actions.listWorkflowRunsForRepo({
        ...ownerAndRepo(repository),
        per_page: 100,
      });
      return data.workflow_runs.map(({ id, name, display_title, status, conclusion, html_url }) => ({
        id,
        repository,
        name: display_title && display_title !== name ? `${name}: ${display_title}` : (name ?? "workflow"),
        status,
        conclusion,
        url: html_url,
      }));
    }),
  );
  return found.flat().sort((a, b) => a.id - b.id);
}

interface Step {
  name: string;
  status: string;
  conclusion: string | null;
  seconds?: number;
}

async function steps(run: Run): Promise<{ job: number; steps: Step[] }[]> {
  const { data } = await github.actions.listJobsForWorkflowRun({
    ...ownerAndRepo(run.repository),
    run_id: run.id,
  });
  return data.jobs.map((job) => ({
    job: job.id,
    steps: (job.steps ?? []).map(({ name, status, conclusion, started_at, completed_at }) => ({
      name,
      status,
      conclusion,
      seconds:
        started_at && completed_at ? (Date.parse(completed_at) - Date.parse(started_at)) / 1000 : undefined,
    })),
  }));
}

/** How long nothing may happen after the last run, where no deploy ends it, before the pipeline is taken to be through, in ms. */
const quietMs = 4000;

/** Publishes a release in the lab's app repository, and follows what comes of it until the pipeline is through. */
export async function release(tag: string, { message }: ReleaseOptions): Promise<void> {
  if (!isRunning("github")) throw new Error("no lab is running; npm start, or npm run lab -- up");
  const wired = await github.actions
    .listRepoWorkflows(app)
    .then(({ data }) => data.total_count > 0)
    .catch((error: { status?: number }) => {
      if (error.status === 404) return false;
      throw error;
    });
  if (!wired) throw new Error(`${appRepository} has no release workflow yet; npm start wires the pipeline`);

  const last = (await runs()).at(-1)?.id ?? 0;
  const started = Date.now();
  const say = (line: string) =>
    console.log(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)} s  ${line}`);
  if (message !== undefined) await changeMessage(message);
  const { data } = await github.repos
    .createRelease({ ...app, tag_name: tag, target_commitish: "main", name: tag })
    .catch((error: { status?: number }) => {
      throw error.status === 422
        ? new Error(
            `GitHub does not take a release ${tag}: there is one already, or that can't be a tag; take another, such as v0.0.3`,
          )
        : error;
    });
  say(`release ${tag} published: ${data.html_url}`);

  const told = new Set<string>();
  const tell = (key: string, line: string) => {
    if (told.has(key)) return;
    told.add(key);
    say(line);
  };
  let failed: Run | undefined;
  let deployed = false;
  let quietSince = Date.now();
  while (!deployed && Date.now() - quietSince < quietMs) {
    for (const run of (await runs()).filter(({ id }) => id > last)) {
      const ended = `${run.id} ended`;
      if (told.has(ended)) continue;
      quietSince = Date.now();
      tell(`${run.id}`, `${run.repository}  ${run.name}`);
      for (const { steps: all } of await steps(run))
        for (const { name, conclusion, seconds } of all)
          if (conclusion && conclusion !== "skipped")
            tell(
              `${run.id} ${name}`,
              `  ${conclusion === "success" ? "✓" : "✗"} ${name.replace(/@[0-9a-f]{40}$/, "")}${seconds === undefined ? "" : ` (${seconds.toFixed(1)} s)`}`,
            );
      if (run.status === "completed") {
        tell(ended, `  ${run.conclusion === "success" ? "done" : `${run.conclusion}: ${run.url}`}`);
        if (run.conclusion === "failure") failed = run;
        else deployed ||= run.name.startsWith("Deploy ");
      }
    }
    await sleep(250);
  }
  if (failed) {
    console.error((await runLog(failed.id)).split("\n").slice(-25).join("\n"));
    throw new Error(`the release did not get through: ${failed.name} failed; its last lines are above`);
  }
  if (!deployed) {
    console.log(
      "No deploy followed: npm run lab -- status shows an open pull request, if one waits to be merged",
    );
    return;
  }
  await execa("node", ["commands/verify.mts", "--stack", labStack], {
    cwd: checkout,
    env: labEnvironment(),
    stdio: "inherit",
  });
}
