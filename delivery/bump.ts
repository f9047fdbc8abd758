import { progress, tell } from "./annotations.ts";
import { decide } from "./decision.ts";
import { deliver, type Target } from "./delivering.ts";
import { needed, type Job } from "./job.ts";
import { isPrerelease, release, type Release } from "./release.ts";
import { addToSummary } from "./summary.ts";

/** What git calls a release in the app's repository: its tag, or the commit that a tag `sha-<commit>` names. */
const revision = ({ tag }: Release) => encodeURIComponent(tag.replace(/^sha-(?=[0-9a-f]{40}$)/, ""));

/** Where a release's changes are to be read, if it is known where the app is. */
function links(
  { server }: Job,
  app: string | undefined,
  wanted: Release,
  current: Release | undefined,
): string {
  if (!app) return "";
  const page = `${server}/${app}`;
  return current
    ? ` [What is new](${page}/compare/${revision(current)}...${revision(wanted)}).`
    : ` [Its code](${page}/tree/${revision(wanted)}).`;
}

/**
 * Names the release that the app told of (TAG, DIGEST, PRERELEASE) in an environment, unless it has it, had it
 * or has a newer one. Doing it again changes nothing.
 *
 * @param app `owner/name` of the app's repository, to link to what changed there.
 */
export async function bump(job: Job, target: Target, takesPrereleases: boolean, app?: string): Promise<void> {
  const { environment } = target;
  const wanted = release(needed(job, "TAG"), needed(job, "DIGEST"));
  if (!takesPrereleases && (job.env.PRERELEASE === "true" || isPrerelease(wanted))) {
    const why = `${wanted.tag} is a prerelease, which ${environment} does not take (pipeline.environments.${environment}.prereleases)`;
    tell("notice", why, job);
    return addToSummary(job, `### ${environment}: nothing done\n\n${why}`);
  }
  await deliver(
    job,
    target,
    ({ state, open, declined }) => {
      const decision = decide(wanted, { environment, history: state.history, proposed: open, declined });
      if (!decision.act) return decision;
      const current = state.history.at(-1);
      return {
        wish: {
          environment,
          release: wanted,
          title: `Release ${wanted.tag} to ${environment}`,
          body: `The app published \`${wanted.tag}\`. **${environment}** goes ${current ? `from \`${current.tag}\` ` : ""}to it, with the image \`${wanted.digest}\`.${links(job, app, wanted, current)}`,
        },
      };
    },
    progress(job),
  );
}
