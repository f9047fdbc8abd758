import { bump } from "../../../delivery/bump.ts";
import type { Delivery, Target } from "../../../delivery/delivering.ts";
import { rollback } from "../../../delivery/rollback.ts";
import { bumpPermissions, digest, type ConfigRepository } from "./configRepository.mts";

/** Where a test's change goes. */
export const target = (delivery: Delivery, environment = "dev"): Target => ({
  environment,
  stack: environment,
  engine: "pulumi",
  delivery,
  branch: "main",
});

/** What the app tells of a release. */
export const release = (tag: string, letter: string, prerelease = false) => ({
  TAG: tag,
  DIGEST: digest(letter),
  PRERELEASE: String(prerelease),
});

/** What the workflows do to dev in a test's config repository, which `repository` gives at each call. */
export const deliveries = (repository: () => ConfigRepository) => ({
  /** Runs the bump for a release; gives the job's summary. */
  async bumped(tag: string, letter: string, delivery: Delivery = "pullRequest", prerelease = false) {
    const github = repository();
    const job = await github.job(bumpPermissions, release(tag, letter, prerelease));
    await bump(job, target(delivery), false);
    return github.summary(job);
  },
  async rolledBack(to = "", delivery: Delivery = "branch") {
    return rollback(await repository().job(bumpPermissions, { TO: to }), target(delivery));
  },
  /** The release that dev's file names on the main branch. */
  async current() {
    return /imageTag: (\S+)/.exec(await repository().text("Pulumi.dev.yaml"))?.[1];
  },
});
