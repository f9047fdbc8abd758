import { gt, parse, prerelease } from "semver";

/** A release of the app: a tag, and the digest of what was pushed under it. */
export interface Release {
  tag: string;
  /** `sha256:…`; undefined for a tag that somebody wrote without one. */
  digest?: string;
}

const tagPattern = /^\w[\w.-]{0,127}$/;
const digestPattern = /^sha256:[0-9a-f]{64}$/;

/**
 * A release from a tag and a digest, both checked.
 *
 * @throws if either is not what a registry takes.
 */
export function release(tag: string, digest?: string): Release {
  if (!tagPattern.test(tag))
    throw new Error(
      `the tag is ${JSON.stringify(tag)}; expected up to 128 letters, digits, "_", "." and "-"`,
    );
  if (digest === undefined) return { tag };
  if (!digestPattern.test(digest))
    throw new Error(`the digest is ${JSON.stringify(digest)}; expected sha256: and 64 hexadecimal digits`);
  return { tag, digest };
}

/** `TAG@DIGEST` or `TAG`, taken apart and checked. */
export function parseRelease(text: string): Release {
  const [tag, digest] = text.split("@", 2) as [string, string?];
  return release(tag, digest);
}

/** `TAG@DIGEST`, or `TAG` where there is no digest. */
export const formatRelease = ({ tag, digest }: Release): string => (digest ? `${tag}@${digest}` : tag);

/** Whether two names mean the same release: a tag without a digest means what another says of that tag. */
export const sameRelease = (a: Release, b: Release): boolean =>
  a.tag === b.tag && (a.digest === b.digest || a.digest === undefined || b.digest === undefined);

/** Whether one tag stands for two contents. */
export const movedTag = (a: Release, b: Release): boolean => a.tag === b.tag && !sameRelease(a, b);

/**
 * Whether a release is newer than another, by semantic version. Tags that are no versions have no order:
 * each other one counts as newer.
 */
export function isNewer(a: Release, b: Release): boolean {
  if (a.tag === b.tag) return false;
  const [left, right] = [parse(a.tag), parse(b.tag)];
  return left && right ? gt(left, right) : true;
}

/** Whether the tag itself says that it is a prerelease, as v1.0.0-rc.1 does. */
export const isPrerelease = ({ tag }: Release): boolean => parse(tag) !== null && prerelease(tag) !== null;
