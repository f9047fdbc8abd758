import { RunError } from "@pulumi/pulumi";

/** A release of an image: what a person names. */
export interface Release {
  /** Registry host with optional port; `docker.io` for Docker Hub. */
  registry: string;
  /** Name of the image in the registry, such as `juggernaut/k8s-demo-go-app`. */
  repository: string;
  tag: string;
}

const dockerHub = "docker.io";

/** The release as Docker and Kubernetes name it. Docker Hub is left out, as its users leave it out. */
export const imageName = ({ registry, repository, tag }: Release) =>
  `${registry === dockerHub ? "" : `${registry}/`}${repository}:${tag}`;

/** Host of the registry's API. Docker Hub's is another one than its name. */
export const registryHost = (registry: string) =>
  registry === dockerHub ? "registry-1.docker.io" : registry;

/** Docker Hub's own images live below `library/` in its API. */
export const apiRepository = ({ registry, repository }: Release) =>
  registry === dockerHub && !repository.includes("/") ? `library/${repository}` : repository;

/** Whether Docker talks plain HTTP to this registry: only to one on the loopback range, as Docker's own rule is. */
export const isPlainHttp = (registry: string) => /^(localhost|127(\.\d{1,3}){3})(:\d+)?$/.test(registry);

/** What a registry has under a tag. */
export interface Tagged {
  /** Digest of the manifest, or of the index where there are several platforms. */
  digest: string;
  /** Every digest by which an engine may know the same content: manifest, index and image configuration. */
  sameAs: string[];
}

/** The error for a release whose tag names something else than it should. */
function movedTag(release: Release, expected: string, found: string, because: string, fix: string): RunError {
  return new RunError(
    `${imageName(release)}: ${because}; release tags are immutable\n    expected  ${expected}\n    received  ${found}\n    fix       ${fix}`,
  );
}

/** Fails if the registry has no such tag (or digest): nobody built it yet, or it is in another registry. */
export function mustBeThere(release: Release, there: Tagged | undefined, digest?: string): Tagged {
  if (there) return there;
  throw new RunError(
    `${imageName(release)}${digest ? `@${digest}` : ""}: registry ${release.registry} has no such image, or does not show it without a login\n    fix  publish the release, set another one (pulumi config set imageTag <tag>), build it here (pulumi config set --path build.context <folder>), or log in (pulumi config set --path registry.username <name>)`,
  );
}

/** Fails if the tag no longer names the digest it had when this stack first deployed it. */
export function sameAsDeployed(release: Release, deployed: string | undefined, found: string): string {
  if (deployed === undefined || deployed === found) return found;
  throw movedTag(
    release,
    deployed,
    found,
    "the registry now has other content under this tag than what was deployed from it",
    `publish the new content under a new tag: pulumi config set imageTag <new tag>`,
  );
}

/** Fails if the registry already has the tag, with other content than the image `built`. */
export function sameAsThere(release: Release, there: Tagged | undefined, built: string): string {
  if (!there || there.sameAs.includes(built)) return built;
  throw movedTag(
    release,
    there.digest,
    built,
    "the registry already has this tag, with other content than what was built",
    "release under a new tag: pulumi config set imageTag <new tag>; or deploy what the registry has: pulumi config rm build",
  );
}
