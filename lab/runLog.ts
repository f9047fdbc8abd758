import { stripVTControlCharacters } from "node:util";
import { isRunning } from "./process.ts";
import { appRepository, configRepository, labGitHub, ownerAndRepo } from "./repositories.ts";

/** What the jobs of a workflow run printed, without colours. Fails if there is no run of this number. */
export async function runLog(run: number): Promise<string> {
  if (!isRunning("github")) throw new Error("no lab is running; npm start, or npm run lab -- up");
  const github = labGitHub();
  for (const repository of [appRepository, configRepository].map(ownerAndRepo)) {
    const jobs = await github.actions
      .listJobsForWorkflowRun({ ...repository, run_id: run })
      .then(({ data }) => data.jobs)
      .catch((error: { status?: number }) => {
        if (error.status === 404) return undefined;
        throw error;
      });
    if (!jobs) continue;
    const logs = await Promise.all(
      jobs.map(async ({ id, name, conclusion }) => {
        if (conclusion === "skipped") return `── ${name}: skipped`;
        const { data } = await github.actions.downloadJobLogsForWorkflowRun({ ...repository, job_id: id });
        return `── ${name}\n${stripVTControlCharacters(String(data)).trimEnd()}`;
      }),
    );
    return logs.join("\n\n");
  }
  throw new Error(`there is no workflow run ${run}; npm run lab -- status shows the last ones`);
}
