import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { Pipeline, type PipelineArgs } from "../../components/pipeline";
import { apiUrl } from "../../components/pipeline/github";
import type { PipelineOptions } from "../../components/pipeline/options";
import { type Json, startEngine } from "./engine";

const canary = (name: string) => `canary-${name}-not-a-secret`;
const token = (name: string) => `github:index/${name}:${name[0]?.toUpperCase()}${name.slice(1)}`;

const options = (changes: Partial<PipelineOptions> = {}): PipelineOptions => ({
  engine: "pulumi",
  delivery: "pullRequest",
  app: {
    repository: "acme/shop",
    branch: "main",
    create: false,
    overwrite: false,
    workflow: "release.yaml",
    trigger: "release",
    context: ".",
    platforms: [],
  },
  config: { repository: "ops/slipway", branch: "trunk", create: false, overwrite: false },
  environments: {
    dev: {
      stack: "dev",
      prereleases: false,
      secrets: { PULUMI_ACCESS_TOKEN: canary("state") },
      variables: { DIGITALOCEAN_API_URL: "https://do.invalid" },
      reviewers: [],
    },
  },
  backend: "https://api.pulumi.com",
  drift: "17 6 * * *",
  dispatchToken: canary("dispatch"),
  ...changes,
});

async function wire(args: Partial<PipelineArgs> = {}, changes: Partial<PipelineOptions> = {}) {
  const engine = await startEngine();
  new Pipeline("pipeline", {
    pipeline: options(changes),
    access: { token: canary("github") },
    reviewers: { ann: 77 },
    login: { username: "me", password: canary("registry") },
    workflows: {
      app: { ".github/workflows/release.yaml": "a" },
      config: { ".github/workflows/bump.yaml": "b", ".github/workflows/deploy-dev.yaml": "c" },
    },
    ...args,
  });
  await engine.settle();
  return engine;
}

/** The value inside what the engine was told is secret; fails for one it was not told of. */
function secretValue(value: unknown): unknown {
  const { value: inner, ...rest } = value as { value?: unknown };
  assert.ok(Object.keys(rest).length > 0, `${JSON.stringify(value)} is not marked as secret`);
  return inner;
}

describe("pipeline", () => {
  it("gives the app's repository the registry's login and the weak token, and no more", async () => {
    const engine = await wire();
    const secrets = engine
      .ofType(token("actionsSecret"))
      .map(({ inputs }) => inputs as Record<string, unknown>);
    assert.deepEqual(
      secrets.map((secret) => [secret.repository, secret.secretName, secretValue(secret.value)]),
      [
        ["shop", "REGISTRY_USERNAME", "me"],
        ["shop", "REGISTRY_PASSWORD", canary("registry")],
        ["shop", "DISPATCH_TOKEN", canary("dispatch")],
      ],
    );
  });

  it("gives an environment its secrets and variables in the config repository alone", async () => {
    const engine = await wire();
    const { inputs } = engine.single(token("actionsEnvironmentSecret"));
    assert.equal(inputs.repository, "slipway");
    assert.equal(inputs.environment, "dev");
    assert.equal(secretValue(inputs.value), canary("state"));
    assert.deepEqual(engine.single(token("actionsEnvironmentVariable")).inputs, {
      repository: "slipway",
      environment: "dev",
      variableName: "DIGITALOCEAN_API_URL",
      value: "https://do.invalid",
    });
    assert.equal(engine.single(token("repositoryEnvironment")).inputs.reviewers, undefined);
  });

  it("gives previews an environment of their own where they have weaker secrets, without reviewers", async () => {
    const dev = options().environments.dev as PipelineOptions["environments"][string];
    const engine = await wire(
      {},
      {
        environments: {
          dev: { ...dev, previewSecrets: { PULUMI_ACCESS_TOKEN: canary("weak") }, reviewers: ["ann"] },
        },
      },
    );
    const environments = engine.ofType(token("repositoryEnvironment")).map(({ inputs }) => inputs);
    // Registered side by side: in no order of their own.
    const sorted = (pairs: unknown[][]) => pairs.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1));
    assert.deepEqual(sorted(environments.map(({ environment, reviewers }) => [environment, reviewers])), [
      ["dev", [{ users: [77] }]],
      ["dev-preview", undefined],
    ]);
    assert.deepEqual(
      sorted(
        engine
          .ofType(token("actionsEnvironmentSecret"))
          .map(({ inputs }) => [inputs.environment, secretValue(inputs.value)]),
      ),
      [
        ["dev", canary("state")],
        ["dev-preview", canary("weak")],
      ],
    );
  });

  it("writes the files to their branch with a message that never changes", async () => {
    const engine = await wire();
    assert.deepEqual(
      engine.ofType(token("repositoryFile")).map(({ inputs }) => inputs),
      (
        [
          ["slipway", "trunk", ".github/workflows/bump.yaml", "b"],
          ["slipway", "trunk", ".github/workflows/deploy-dev.yaml", "c"],
          ["shop", "main", ".github/workflows/release.yaml", "a"],
        ] as const
      ).map(([repository, branch, file, content]) => ({
        repository,
        branch,
        file,
        content,
        commitMessage: `Wire the release pipeline: ${file}`,
        overwriteOnCreate: true,
      })),
    );
  });

  it("writes kubectl's files once, never over what is there", async () => {
    const engine = await wire({ firstFiles: { "deploy/dev/deployment.yaml": "d" } });
    const file = engine
      .ofType(token("repositoryFile"))
      .find(({ inputs }) => (inputs.file as unknown as string).startsWith("deploy/"));
    assert.equal(file?.inputs.overwriteOnCreate, false);
  });

  it("lets workflows open pull requests, and read by default", async () => {
    const engine = await wire();
    assert.deepEqual(engine.single(token("workflowRepositoryPermissions")).inputs, {
      repository: "slipway",
      defaultWorkflowPermissions: "read",
      canApprovePullRequestReviews: true,
    });
  });

  it("uses repositories as they are, and creates private ones only where asked", async () => {
    assert.deepEqual((await wire()).ofType(token("repository")), []);
    const engine = await wire({}, { app: { ...options().app, create: true } });
    const { inputs } = engine.single(token("repository"));
    assert.equal(inputs.name, "shop");
    assert.equal(inputs.visibility, "private");
  });

  it("talks to each repository's owner with the token as a secret", async () => {
    const engine = await wire({ access: { token: canary("github"), baseUrl: "https://ghe.invalid/" } });
    const providers = engine.ofType("pulumi:providers:github").map(({ inputs }) => inputs);
    assert.deepEqual(
      providers.map(({ owner, baseUrl }) => [owner, baseUrl]),
      [
        ["acme", "https://ghe.invalid/"],
        ["ops", "https://ghe.invalid/"],
      ],
    );
    for (const { token } of providers) assert.equal(secretValue(token), canary("github"));
  });

  it("never has a secret outside of a marked value", async () => {
    const engine = await wire();
    const open = (value: unknown): unknown =>
      typeof value !== "object" || value === null
        ? value
        : "4dabf18193072939515e22adb298388d" in value
          ? "[secret]"
          : Object.values(value).map(open);
    const text = JSON.stringify(engine.resources.map(({ inputs }) => open(inputs as Json)));
    assert.ok(text.includes("[secret]"));
    assert.ok(!text.includes("canary"), text);
  });
});

describe("root of GitHub's REST API", () => {
  const cases: [string | undefined, string][] = [
    [undefined, "https://api.github.com"],
    ["https://api.github.com/", "https://api.github.com"],
    ["https://api.acme.ghe.com/", "https://api.acme.ghe.com"],
    ["https://github.acme.example/", "https://github.acme.example/api/v3"],
    ["http://127.0.0.1:7704", "http://127.0.0.1:7704/api/v3"],
  ];
  for (const [baseUrl, url] of cases)
    it(`is ${url} for ${baseUrl ?? "no base URL"}`, () => assert.equal(apiUrl(baseUrl), url));
});
