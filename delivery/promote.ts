import { progress } from "./annotations.ts";
import { deliver, type Target } from "./delivering.ts";
import { readBranch } from "./history.ts";
import type { Job } from "./job.ts";
import { formatRelease } from "./release.ts";
import { releaseFile } from "./releaseFile.ts";

/** Gives an environment the release of another one, same tag, same digest, by pull request. */
export async function promote(
  job: Job,
  source: Pick<Target, "environment" | "stack">,
  target: Target,
): Promise<void> {
  const { engine, branch, environment } = target;
  await deliver(
    job,
    { ...target, delivery: "pullRequest" },
    async ({ state }) => {
      const file = releaseFile(engine, source.environment, source.stack);
      const wanted = (await readBranch(job, branch, file)).history.at(-1);
      if (!wanted) throw new Error(`${source.environment} has no release: ${file.path} names none`);
      if (!wanted.digest)
        throw new Error(
          `${source.environment} has ${wanted.tag} without a digest, which may mean something else tomorrow; write it as ${wanted.tag}@sha256:... into ${file.path} (the stack's output "image" has the digest)`,
        );
      const current = state.history.at(-1);
      if (current && formatRelease(current) === formatRelease(wanted))
        return {
          why: `${environment} has ${wanted.tag} already, as ${source.environment} has; nothing to do`,
        };
      return {
        wish: {
          environment,
          release: wanted,
          title: `Promote ${wanted.tag} from ${source.environment} to ${environment}`,
          body: `**${environment}** goes ${current ? `from \`${current.tag}\` ` : ""}to \`${wanted.tag}\`, which **${source.environment}** runs: the same image, \`${wanted.digest}\`.`,
        },
      };
    },
    progress(job),
  );
}
