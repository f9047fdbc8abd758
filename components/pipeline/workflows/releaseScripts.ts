import { script } from "./workflow";

/**
 * What the release workflow runs. Everything comes in by environment variables: IMAGE (name without tag),
 * TAG, and those that a script's docstring names.
 */
const label = (name: string) => `org.opencontainers.image.${name}`;

/** Fails, saying so, where the release's tag can't be an image's. */
export const checkTagScript = script(
  "if [[ ! $TAG =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$ ]]; then",
  `  echo "::error title=Not a tag for an image::$TAG: up to 128 letters, digits, _, . and - make a tag. Publish the release under such a one."`,
  "  exit 1",
  "fi",
);

/** REGISTRY_USERNAME, REGISTRY_PASSWORD. The login ends with the job, on a runner of one's own as well. */
export const loginScript = (registry: string): string =>
  script(
    'export DOCKER_CONFIG="$RUNNER_TEMP/docker-login"',
    `printf %s "$REGISTRY_PASSWORD" | docker login ${registry} --username "$REGISTRY_USERNAME" --password-stdin`,
    'echo "DOCKER_CONFIG=$DOCKER_CONFIG" >> "$GITHUB_ENV"',
  );

/** What follows a look into the registry, which left its answer in the file `log`: output `digest` if it is there. */
const judge = (revision: string, digest: string): string[] => [
  `  revision=$(${revision})`,
  '  if [[ $revision != "$GITHUB_SHA" ]]; then',
  `    echo "::error title=A released tag is never overwritten::$IMAGE:$TAG is in the registry, built from commit \${revision:-unknown}, and this is $GITHUB_SHA. Publish it under a new tag."`,
  "    exit 1",
  "  fi",
  `  echo "$IMAGE:$TAG is there, built from this commit."`,
  `  echo "digest=$(${digest})" >> "$GITHUB_OUTPUT"`,
  "elif ! grep --quiet --extended-regexp 'not found|manifest unknown|does not exist' \"$log\"; then",
  '  cat "$log"',
  "  exit 1",
  "fi",
];

/** Output `digest`, if the tag is in the registry already. Fails if another commit's image is, or it can't be asked. */
export const findScript = script(
  "log=$RUNNER_TEMP/pull.log",
  'if docker pull "$IMAGE:$TAG" > "$log" 2>&1; then',
  ...judge(
    `docker image inspect --format '{{ index .Config.Labels "${label("revision")}" }}' "$IMAGE:$TAG"`,
    `sed --quiet 's/^Digest: //p' "$log"`,
  ),
);

/** The same for several platforms, none of which need be the runner's. */
export const findCrossBuiltScript = script(
  "log=$RUNNER_TEMP/inspect.log found=$RUNNER_TEMP/inspect.json",
  `if docker buildx imagetools inspect --format '{{ json . }}' "$IMAGE:$TAG" > "$found" 2> "$log"; then`,
  ...judge(
    `jq --raw-output '[.image | .config // .[].config | .Labels["${label("revision")}"]] | unique | join(" and ")' "$found"`,
    `jq --raw-output .manifest.digest "$found"`,
  ),
);

const buildArguments = (dockerfile: boolean): string[] => [
  '  --build-arg VERSION="$TAG" \\',
  `  --label ${label("source")}="$GITHUB_SERVER_URL/$GITHUB_REPOSITORY" \\`,
  `  --label ${label("revision")}="$GITHUB_SHA" \\`,
  `  --label ${label("version")}="$TAG" \\`,
  ...(dockerfile ? ['  --file "$DOCKERFILE" \\'] : []),
];

/** CONTEXT, DOCKERFILE. Builds for the runner's platform, with any builder; output `digest`. */
export const buildScript = (dockerfile: boolean): string =>
  script(
    "# BuildKit takes layers from the last release; an older builder has only its own.",
    "cache=()",
    "if docker buildx version &> /dev/null; then",
    '  cache=(--cache-from "$IMAGE:buildcache" --build-arg BUILDKIT_INLINE_CACHE=1)',
    "fi",
    'docker build "${cache[@]}" \\',
    ...buildArguments(dockerfile),
    '  --tag "$IMAGE:$TAG" --tag "$IMAGE:buildcache" "$CONTEXT"',
    "",
    'docker push "$IMAGE:$TAG" | tee "$RUNNER_TEMP/push.log"',
    "if (( ${#cache[@]} )); then",
    '  docker push --quiet "$IMAGE:buildcache"',
    "fi",
    `sed --quiet 's/^.*: digest: \\(sha256:[0-9a-f]\\{64\\}\\) size: .*$/digest=\\1/p' "$RUNNER_TEMP/push.log" >> "$GITHUB_OUTPUT"`,
  );

/** CONTEXT, DOCKERFILE, PLATFORMS. Builds for these platforms with BuildKit in a container; output `digest`. */
export const crossBuildScript = (dockerfile: boolean): string =>
  script(
    "docker buildx create --driver docker-container --use",
    'docker buildx build --push --platform "$PLATFORMS" --metadata-file "$RUNNER_TEMP/build.json" \\',
    '  --cache-from "type=registry,ref=$IMAGE:buildcache" \\',
    '  --cache-to "type=registry,ref=$IMAGE:buildcache,mode=max" \\',
    ...buildArguments(dockerfile),
    '  --tag "$IMAGE:$TAG" "$CONTEXT"',
    `jq --raw-output '"digest=\\(.["containerimage.digest"])"' "$RUNNER_TEMP/build.json" >> "$GITHUB_OUTPUT"`,
  );

/** Makes the runner run programs of other processors. */
export const emulationScript = script(
  "sudo apt-get update",
  "sudo apt-get install --yes --no-install-recommends qemu-user-static binfmt-support",
);

/**
 * DIGEST, PRERELEASE, CONFIG_REPOSITORY, CONFIG_BRANCH, DISPATCH_TOKEN. Starts the config repository's bump.
 * Told twice, a release is one change: so a message that may have been lost is sent again. The token is on
 * no command line, where other programs could see it.
 */
export const tellScript = script(
  "if [[ ! $DIGEST =~ ^sha256:[0-9a-f]{64}$ ]]; then",
  '  echo "::error::Docker did not say which digest $IMAGE:$TAG has."',
  "  exit 1",
  "fi",
  "# Nothing in these needs JSON's escapes: the tag and the digest were checked.",
  `printf '{"ref":"%s","inputs":{"tag":"%s","digest":"%s","prerelease":"%s"}}' \\`,
  '  "$CONFIG_BRANCH" "$TAG" "$DIGEST" "$PRERELEASE" |',
  "  curl --fail-with-body --silent --show-error --max-time 60 --retry 5 --retry-connrefused \\",
  `    --header @<(printf 'Authorization: Bearer %s\\n' "$DISPATCH_TOKEN") \\`,
  "    --header 'Accept: application/vnd.github+json' --header 'X-GitHub-Api-Version: 2022-11-28' \\",
  '    --data @- "$GITHUB_API_URL/repos/$CONFIG_REPOSITORY/actions/workflows/bump.yaml/dispatches" || {',
  '  echo "::error title=$CONFIG_REPOSITORY was not told::Is DISPATCH_TOKEN still valid, and may it write Actions there? Then run this job again: what is built stays."',
  "  exit 1",
  "}",
  'echo "$IMAGE:$TAG@$DIGEST, told to [$CONFIG_REPOSITORY]($GITHUB_SERVER_URL/$CONFIG_REPOSITORY/actions)" >> "$GITHUB_STEP_SUMMARY"',
);
