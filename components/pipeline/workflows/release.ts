import type { AppRepository, PipelineOptions } from "../options";
import { checkoutStep, expression, type Step, type Workflow } from "./workflow";

/** The image that the release workflow pushes. */
export interface PushedImage {
  /** Host of the registry, with a port if it has one; `docker.io` for Docker Hub. */
  registry: string;
  /** Name without registry and tag. */
  repository: string;
  /** Whether the registry asks for a login. */
  login: boolean;
}

const lines = (...text: (string | false)[]) => `${text.filter((line) => line !== false).join("\n")}\n`;

const quoted = (text: string) => (/^[\w./:-]+$/.test(text) ? text : `'${text}'`);

const label = (name: string, value: string) => `--label "org.opencontainers.image.${name}=${value}"`;

/** Options that both ways to build share: what the image says of itself, and what is built. */
function buildOptions({ context, dockerfile }: AppRepository): string[] {
  return [
    label("source", "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY"),
    label("revision", "$GITHUB_SHA"),
    label("version", "$TAG"),
    '--build-arg "VERSION=$TAG"',
    ...(dockerfile ? [`--file ${quoted(dockerfile)}`] : []),
    quoted(context),
  ];
}

const command = (first: string, options: string[]) => [first, ...options].join(" \\\n    ");

/** What was pushed under this tag before must be of this commit; it is not built again. */
const alreadyThere = [
  '  if [ "$revision" != "$GITHUB_SHA" ]; then',
  '    echo "::error::$IMAGE:$TAG is in the registry already, built from ${revision:-an unknown commit}. Release under a new tag."',
  "    exit 1",
  "  fi",
  '  echo "$IMAGE:$TAG is in the registry already, built from this commit"',
];

/** The runner's own Docker. The cache is in the image that is pushed as `buildcache`; BuildKit reads it. */
const buildForOne = (app: AppRepository): Step => ({
  name: "Build and push",
  id: "image",
  run: lines(
    'if docker pull --quiet "$IMAGE:$TAG" 2> /dev/null; then',
    `  revision=$(docker image inspect --format '{{index .Config.Labels "org.opencontainers.image.revision"}}' "$IMAGE:$TAG")`,
    ...alreadyThere,
    "else",
    `  ${command("docker build", [
      ...(app.platforms[0] ? [`--platform ${app.platforms[0]}`] : []),
      '--tag "$IMAGE:$TAG" --tag "$IMAGE:buildcache"',
      '--cache-from "$IMAGE:buildcache" --build-arg BUILDKIT_INLINE_CACHE=1',
      ...buildOptions(app),
    ])}`,
    '  docker push "$IMAGE:$TAG"',
    '  docker push --quiet "$IMAGE:buildcache"',
    "fi",
    `digest=$(docker image inspect --format '{{range .RepoDigests}}{{println .}}{{end}}' "$IMAGE:$TAG" | sed -n 's/^.*@//p' | head -n 1)`,
    'echo "digest=$digest" >> "$GITHUB_OUTPUT"',
    'echo "$IMAGE:$TAG is $digest"',
  ),
});

/** Several platforms: a builder of its own, which keeps its whole cache in the registry. */
const buildForSeveral = (app: AppRepository): Step => ({
  name: "Build and push",
  id: "image",
  run: lines(
    'if docker buildx imagetools inspect "$IMAGE:$TAG" > /dev/null 2>&1; then',
    `  revision=$(docker buildx imagetools inspect "$IMAGE:$TAG" --format '{{index (index .Image "${app.platforms[0]}").Config.Labels "org.opencontainers.image.revision"}}')`,
    ...alreadyThere,
    `  digest=$(docker buildx imagetools inspect "$IMAGE:$TAG" --format '{{.Manifest.Digest}}')`,
    "else",
    "  # The other platforms are emulated.",
    "  docker run --rm --privileged tonistiigi/binfmt --install all",
    "  docker buildx create --driver docker-container --use",
    `  ${command("docker buildx build", [
      `--platform ${app.platforms.join(",")}`,
      '--tag "$IMAGE:$TAG" --push --metadata-file metadata.json',
      '--cache-from "type=registry,ref=$IMAGE:buildcache"',
      '--cache-to "type=registry,ref=$IMAGE:buildcache,mode=max"',
      ...buildOptions(app),
    ])}`,
    `  digest=$(jq --raw-output '."containerimage.digest"' metadata.json)`,
    "fi",
    'echo "digest=$digest" >> "$GITHUB_OUTPUT"',
    'echo "$IMAGE:$TAG is $digest"',
  ),
});

const tagCheck: Step = {
  name: "Check the tag",
  run: lines(
    "if ! [[ $TAG =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$ ]]; then",
    `  echo "::error::The release's tag can't be an image's tag: up to 128 letters, digits, _, . and -"`,
    "  exit 1",
    "fi",
  ),
};

/** The registry's password goes in by a pipe: a command line can be read by every process. */
const login = (registry: string): Step => ({
  name: "Log in to the registry",
  env: {
    REGISTRY_USERNAME: expression("secrets.REGISTRY_USERNAME"),
    REGISTRY_PASSWORD: expression("secrets.REGISTRY_PASSWORD"),
  },
  run: `printf %s "$REGISTRY_PASSWORD" | docker login ${registry === "docker.io" ? "" : `${registry} `}--username "$REGISTRY_USERNAME" --password-stdin\n`,
});

const tell = ({ config }: PipelineOptions): Step => ({
  name: "Tell the config repository",
  env: {
    DISPATCH_TOKEN: expression("secrets.DISPATCH_TOKEN"),
    DIGEST: expression("steps.image.outputs.digest"),
    PRERELEASE: expression("github.event.release.prerelease || false"),
  },
  run: lines(
    command("curl --silent --show-error --fail-with-body --retry 3 --retry-connrefused --max-time 60", [
      `--header @<(printf 'Authorization: Bearer %s' "$DISPATCH_TOKEN")`,
      "--header 'Accept: application/vnd.github+json'",
      `--data @<(printf '{"ref":"${config.branch}","inputs":{"tag":"%s","digest":"%s","prerelease":"%s"}}' "$TAG" "$DIGEST" "$PRERELEASE")`,
      `"$GITHUB_API_URL/repos/${config.repository}/actions/workflows/bump.yaml/dispatches"`,
    ]).replaceAll("\n    ", "\n  "),
    `echo "Told ${config.repository} that $IMAGE:$TAG is there"`,
  ),
});

/** In the app's repository: a release (or a commit) becomes an image, and the config repository is told. */
export function release(pipeline: PipelineOptions, image: PushedImage): Workflow {
  const { app, environments } = pipeline;
  const onRelease = app.trigger === "release";
  const prereleases = Object.values(environments).some((environment) => environment.prereleases);
  const name = image.registry === "docker.io" ? image.repository : `${image.registry}/${image.repository}`;
  return {
    name: onRelease ? "Release" : "Push",
    on: onRelease ? { release: { types: ["published"] } } : { push: { branches: [app.branch] } },
    permissions: {},
    // What has begun goes to its end: a half pushed release helps nobody.
    concurrency: {
      group: onRelease ? `release-${expression("github.event.release.tag_name")}` : "push",
      "cancel-in-progress": false,
    },
    jobs: {
      image: {
        ...(onRelease && !prereleases ? { if: "!github.event.release.prerelease" } : {}),
        "runs-on": "ubuntu-latest",
        "timeout-minutes": 60,
        permissions: { contents: "read" },
        env: {
          IMAGE: name,
          TAG: onRelease ? expression("github.event.release.tag_name") : `sha-${expression("github.sha")}`,
        },
        steps: [
          tagCheck,
          checkoutStep(),
          ...(image.login ? [login(image.registry)] : []),
          app.platforms.length > 1 ? buildForSeveral(app) : buildForOne(app),
          tell(pipeline),
        ],
      },
    },
  };
}
