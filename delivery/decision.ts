import { formatRelease, isNewer, movedTag, sameRelease, type Release } from "./release.ts";

/** What is known of an environment when a release comes. */
export interface Known {
  /** Name of the environment. */
  environment: string;
  /** Every release that the file had on the branch, newest commit last; the last is the one it has now. */
  history: Release[];
  /** The one that the open pull request proposes. */
  proposed?: Release & { pull: number };
  /** Those of pull requests that were closed and not merged. */
  declined: (Release & { pull: number })[];
}

/** What to do about a release. */
export type Decision =
  /** It is named there. */
  | { act: true }
  /** Nothing is done, and why. */
  | { act: false; why: string };

const held = (why: string): Decision => ({ act: false, why });

/**
 * Whether an environment takes a release by itself: only one that is newer than all it had, than the one
 * that is proposed, and than those that were declined. So a rollback holds against anything but a newer
 * release.
 *
 * @throws if the tag means another content than before.
 */
export function decide(wanted: Release, { environment, history, proposed, declined }: Known): Decision {
  const seen = [...history, ...(proposed ? [proposed] : []), ...declined];
  const other = seen.find((one) => movedTag(wanted, one));
  if (other)
    throw new Error(
      `${wanted.tag} was ${other.digest} and is now ${wanted.digest}; a released tag never changes its content: publish a new release`,
    );
  const current = history.at(-1);
  if (current && sameRelease(current, wanted))
    return held(`${environment} has ${wanted.tag} already; nothing to do`);
  if (history.some((one) => one.tag === wanted.tag))
    return held(
      `${environment} had ${wanted.tag} and was rolled back to ${current?.tag}, which holds until a newer release comes; to have it again, run the rollback workflow with ${wanted.tag}`,
    );
  const newerBefore = history.find((one) => !isNewer(wanted, one));
  if (newerBefore)
    return held(
      `${wanted.tag} is older than ${newerBefore.tag}, which ${environment} ${newerBefore === current ? "has" : "had"}; an older release never replaces a newer one by itself`,
    );
  const no = declined.find((one) => !isNewer(wanted, one));
  if (no)
    return held(
      no.tag === wanted.tag
        ? `${wanted.tag} was declined: pull request #${no.pull} was closed without a merge; reopen it to have it`
        : `${wanted.tag} is older than ${no.tag}, which was declined in pull request #${no.pull}`,
    );
  // A proposed rollback is older than what is there: it does not stand in the way of a newer release.
  if (proposed && !isNewer(wanted, proposed) && !sameRelease(wanted, proposed))
    return held(`pull request #${proposed.pull} proposes ${proposed.tag} already, which is newer`);
  return { act: true };
}

/**
 * The release to roll back to: the one named `to` in the history, or the one before the current one came
 * for the first time (so that two rollbacks go back two releases, and not there and back).
 *
 * @throws if there is none, saying which there are.
 */
export function rollbackTarget(history: Release[], to: string): Release {
  const current = history.at(-1);
  if (!current) throw new Error("there is no release to go back from");
  const tags = [...new Set(history.map(({ tag }) => tag))];
  if (to) {
    const target = history.findLast(({ tag }) => tag === to);
    if (!target)
      throw new Error(
        `${to} was never here, and so has no digest to go back to; there were ${tags.join(", ")}`,
      );
    if (target === current || formatRelease(target) === formatRelease(current))
      throw new Error(`${to} is what it has now; there were ${tags.join(", ")}`);
    return target;
  }
  const first = history.findIndex(({ tag }) => tag === current.tag);
  const before = history[first - 1];
  if (!before) throw new Error(`there was no release before ${current.tag}`);
  return history.findLast(({ tag }) => tag === before.tag) as Release;
}
