/** A release as `imageTag` names it. */
export interface ImageTag {
  tag: string;
  /** Digest that the release workflow pushed (`sha256:…`); without it, the registry says what the tag is. */
  digest?: string;
}

/** `v0.0.2`, or `v0.0.2@sha256:…` as the pipeline writes it. */
export const imageTagPattern = /^\w[\w.-]{0,127}(@sha256:[0-9a-f]{64})?$/;

/** Takes a checked `imageTag` apart. */
export function parseImageTag(imageTag: string): ImageTag {
  const [tag, digest] = imageTag.split("@") as [string, string?];
  return { tag, digest };
}
