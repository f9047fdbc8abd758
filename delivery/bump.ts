import { progress, tell } from "./annotations.ts";
import { decide } from "./decision.ts";
import { deliver, type Target } from "./delivering.ts";
import { needed, type Job } from "./job.ts";
import { isPrerelease, release, type Release } from "./release.ts";
import { addToSummary } from "./summary.ts";

const from = (current: Release | undefined) => (current ? `from \`${current.tag}\` ` : "");

/**
 * Names the release that the app told of (TAG, DIGEST, PRERELEASE) in an environment, unless it has it, had it
 * or has a newer one. Doing it again changes nothing.
 */
export async function bump(job: Job, target: Target, takesPrereleases: boolean): Promise<void> {
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
      return {
        wish: {
          environment,
          release: wanted,
          title: `Release ${wanted.tag} to ${environment}`,
          body: `The app published \`${wanted.tag}\`. **${environment}** goes ${from(state.history.at(-1))}to it, with the image \`${wanted.digest}\`.`,
        },
      };
    },
    progress(job),
  );
}
