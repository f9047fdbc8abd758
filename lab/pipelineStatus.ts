import { appRepository, configRepository, labGitHub, ownerAndRepo } from "./repositories.ts";

/** How many of the last workflow runs are shown. */
const shownRuns = 8;

const ago = (time: string) => {
  const seconds = Math.round((Date.now() - Date.parse(time)) / 1000);
  return seconds < 120 ? `${seconds} s ago` : `${Math.round(seconds / 60)} min ago`;
};

/** Releases, pull requests, workflow runs, and what was deployed where; empty before there are repositories. */
export async function pipelineStatus(): Promise<string[]> {
  const github = labGitHub();
  const { data: all } = await github.repos.listForAuthenticatedUser({ per_page: 100 });
  const there = (name: string) => all.some(({ full_name: found }) => found === name);
  if (!there(appRepository) || !there(configRepository)) return [];
  const [app, config] = [ownerAndRepo(appRepository), ownerAndRepo(configRepository)];
  const [releases, pulls, deployments, ...runs] = await Promise.all([
    github.repos.listReleases({ ...app, per_page: 5 }),
    github.pulls.list({ ...config, state: "open" }),
    github.repos.listDeployments({ ...config, per_page: 100 }),
    ...[app, config].map((repository) =>
      github.actions.listWorkflowRunsForRepo({ ...repository, per_page: shownRuns }),
    ),
  ]);
  const environments = [...new Set(deployments.data.map(({ environment }) => environment))];
  const deployed = await Promise.all(
    environments.map(async (environment) => {
      const last = deployments.data.find((one) => one.environment === environment);
      if (!last) return environment;
      const { data: statuses } = await github.repos.listDeploymentStatuses({
        ...config,
        deployment_id: last.id,
      });
      const { data } = await github.repos.getCommit({ ...config, ref: last.sha });
      const outcome = statuses[0]?.state ?? "queued";
      return `${environment}: ${outcome}, ${ago(last.updated_at)}: ${data.commit.message.split("\n")[0]}`;
    }),
  );
  const latest = runs
    .flatMap(({ data }) => data.workflow_runs)
    .sort((a, b) => b.id - a.id)
    .slice(0, shownRuns);
  const section = (title: string, lines: string[]) => [
    "",
    title,
    ...(lines.length ? lines.map((line) => `  ${line}`) : ["  none"]),
  ];
  return [
    ...section(
      `releases of ${appRepository}`,
      releases.data.map(
        ({ name, tag_name: tag, published_at: at }) => `${name || tag}  ${at ? ago(at) : "a draft"}`,
      ),
    ),
    ...section(
      `open pull requests of ${configRepository}`,
      pulls.data.map(({ number, title }) => `#${number}  ${title}`),
    ),
    ...section(
      "workflow runs (npm run lab -- logs <number>)",
      latest.map(
        ({ id, name, display_title: title, conclusion, status, created_at: at }) =>
          `${id}  ${(conclusion ?? status ?? "").padEnd(12)} ${title === name ? name : `${name}: ${title}`}, ${ago(at)}`,
      ),
    ),
    ...section("deployed", deployed),
  ];
}
