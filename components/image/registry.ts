import { RunError } from "@pulumi/pulumi";
import type { Config } from "../../config";
import { parseImageTag } from "../../config/release";
import { apiRepository, isPlainHttp, mustBeThere, type Release, registryHost, type Tagged } from "./release";

/** User name and token (or password) for a registry. */
export interface Credentials {
  username?: string;
  password?: string;
}

/**
 * What the registry has under the release's tag (or `digest`, where given), or undefined if it has no such tag. Fails with the
 * registry's host and status where it can't be asked.
 */
export async function lookUp(
  release: Release,
  credentials: Credentials,
  digest?: string,
): Promise<Tagged | undefined> {
  // Loaded only where it is used: it takes a tenth of a second.
  const { contentTypes, getManifest } = await import("@snyk/docker-registry-v2-client");
  const host = registryHost(release.registry);
  const accept = [
    contentTypes.OCI_INDEX_V1,
    contentTypes.OCI_MANIFEST_V1,
    contentTypes.MANIFEST_LIST_V2,
    contentTypes.MANIFEST_V2,
  ];
  try {
    const manifest = await getManifest(
      host,
      apiRepository(release),
      digest ?? release.tag,
      credentials.username,
      credentials.password,
      {
        acceptManifest: accept.join(", "),
        ...(isPlainHttp(release.registry) ? { protocol: "http:" } : {}),
      },
    );
    const found = (manifest.indexDigest ?? manifest.manifestDigest) as string;
    return { digest: found, sameAs: [found, manifest.manifestDigest as string, manifest.config.digest] };
  } catch (error) {
    const { statusCode, message } = error as { statusCode?: number; message: string };
    if (statusCode === 404) return undefined;
    const refused = statusCode === 401 || statusCode === 403;
    throw new RunError(
      `registry ${release.registry} did not say what ${release.repository}:${release.tag} is: ${statusCode ?? message}${
        refused
          ? `\n    received  ${credentials.username ? `the login of ${credentials.username}` : "no login"}\n    fix       pulumi config set --path registry.username <name>; pulumi config set --path registry.password --secret`
          : ""
      }`,
    );
  }
}

/**
 * Digest of the image that a stack takes from its registry as it is; undefined where it builds one. A
 * release with its digest was built already: the digest counts, wherever the tag points by now. Fails if
 * the registry does not have it.
 */
export async function findImage(config: Config): Promise<string | undefined> {
  const { tag, digest } = parseImageTag(config.imageTag);
  if (config.build && !digest) return undefined;
  const { registry, repository } = config;
  const release = { registry: registry.address, repository, tag };
  const there = mustBeThere(release, await lookUp(release, registry, digest), digest);
  return digest ?? there.digest;
}
