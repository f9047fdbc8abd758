import type { GitHub } from "./github.ts";

/** Most characters of a commit status's description. */
const mostCharacters = 140;

/** Outcome that a commit shows for an environment. */
export const deployContext = (environment: string) => `slipway/${environment}`;
/** Outcome of the preview, with the plan's name. */
export const previewContext = (environment: string) => `slipway/${environment}/preview`;

/** Sets a commit's status; `end` of the description is kept where it is too long. */
export async function setStatus(
  { rest, at }: GitHub,
  sha: string,
  context: string,
  state: "pending" | "success" | "failure" | "error",
  description: string,
  url: string,
  end = "",
): Promise<void> {
  const line = description.replace(/\s+/g, " ").trim();
  const room = mostCharacters - end.length;
  await rest.repos.createCommitStatus({
    ...at,
    sha,
    context,
    state,
    description: `${line.length > room ? `${line.slice(0, room - 3)}...` : line}${end}`,
    target_url: url,
  });
}

const named = /, plan ([0-9a-f]{16})$/;

/** End of a preview's status that names its plan. */
export const planEnd = (name: string) => `, plan ${name}`;

/** A commit's statuses of one kind, the newest first. */
async function statusesOf({ rest, at }: GitHub, sha: string, context: string) {
  const { data } = await rest.repos.listCommitStatusesForRef({ ...at, ref: sha, per_page: 100 });
  return data.filter((status) => status.context === context);
}

/** Whether an environment was this commit at some time. */
export const wasDeployed = async (github: GitHub, sha: string, environment: string): Promise<boolean> =>
  (await statusesOf(github, sha, deployContext(environment))).some(({ state }) => state === "success");

/** Name of the plan that was last previewed for a commit, if its preview went well. */
export async function previewedPlan(
  github: GitHub,
  sha: string,
  environment: string,
): Promise<string | undefined> {
  const [last] = await statusesOf(github, sha, previewContext(environment));
  return last?.state === "success" ? named.exec(last.description ?? "")?.[1] : undefined;
}
