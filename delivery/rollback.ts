import { progress } from "./annotations.ts";
import { rollbackTarget } from "./decision.ts";
import { deliver, type Target } from "./delivering.ts";
import type { Job } from "./job.ts";

/**
 * Takes an environment back to a release that it had (TO; empty: the one before). No build and no registry
 * is needed, and it holds: only a newer release changes it again.
 *
 * @throws if it never had that release, saying which it had.
 */
export async function rollback(job: Job, target: Target): Promise<void> {
  const { environment } = target;
  await deliver(
    job,
    target,
    ({ state }) => {
      const to = rollbackTarget(state.history, (job.env.TO ?? "").trim());
      const current = state.history.at(-1)?.tag;
      return {
        wish: {
          environment,
          release: to,
          title: `Roll ${environment} back to ${to.tag}`,
          body: `**${environment}** goes back from \`${current}\` to \`${to.tag}\`${to.digest ? `, with the image \`${to.digest}\`` : ""}. It stays there until a release comes that is newer than all it had.`,
        },
      };
    },
    progress(job),
  );
}
