import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "mocha";
import type { PipelineOptions } from "../../components/pipeline/options";
import { lookAtGitHub, type Preflight } from "../../components/pipeline/preflight";

const canary = (name: string) => `canary-${name}-not-a-secret`;
const repository = (name: string, more: object = {}) => ({
  repository: name,
  branch: "main",
  create: false,
  overwrite: false,
  ...more,
});

describe("the look at GitHub before anything is written", () => {
  let baseUrl: string;
  let folder: string;
  let stop: () => Promise<void>;

  before(async () => {
    // The lab's GitHub answers as GitHub's own description says; it is ESM, and this program is not.
    const [{ createServer }, { addUser }, { addToken }, { createRepository }, { commitFiles }] =
      await Promise.all([
        import("../../lab/github/server.ts"),
        import("../../lab/github/control.ts"),
        import("../../lab/github/tokens.ts"),
        import("../../lab/github/repositories.ts"),
        import("../../lab/github/newCommit.ts"),
      ]);
    folder = mkdtempSync(path.join(tmpdir(), "slipway-preflight-"));
    const { app, context } = createServer({ folder, url: "http://127.0.0.1:9" });
    for (const login of ["acme", "ann"]) addUser(context, { login });
    const token = (name: string, scopes: string[], user = "acme") =>
      addToken(context.state, { token: canary(name), user, kind: "classic", scopes });
    token("owner", ["repo", "workflow"]);
    token("no-workflow", ["repo"]);
    token("ann", ["repo", "workflow"], "ann");
    for (const [name, actions] of [
      ["dispatch", "write"],
      ["reader", "read"],
    ] as const)
      addToken(context.state, {
        token: canary(name),
        user: "acme",
        kind: "fine-grained",
        repositories: ["acme/config"],
        permissions: actions === "write" ? { metadata: "read", actions } : { metadata: "read" },
      });
    for (const name of ["app", "config", "old"]) {
      const made = await createRepository(context, "acme", {
        name,
        private: name !== "old",
        auto_init: true,
      });
      if (name === "old") made.archived = true;
      if (name === "app")
        await commitFiles(context, made, {
          branch: "main",
          files: {
            "mine.yaml": Buffer.from("name: mine\n"),
            "theirs.yaml": Buffer.from("# Written by Slipway (pulumi up on the stack pipeline)\n"),
          },
          message: "Files",
        });
    }
    baseUrl = await app.listen({ host: "127.0.0.1", port: 0 });
    stop = async () => {
      await app.close();
      rmSync(folder, { recursive: true, force: true });
    };
  });
  after(() => stop());

  const look = (changes: Partial<PipelineOptions> = {}, more: { token?: string; files?: string[] } = {}) => {
    const options = {
      app: repository("acme/app"),
      config: repository("acme/config"),
      environments: { dev: { reviewers: [] as string[] } },
      dispatchToken: canary("dispatch"),
      ...changes,
    } as unknown as Preflight["pipeline"];
    const files = Object.fromEntries((more.files ?? []).map((file) => [file, ""]));
    const token = "token" in more ? more.token : canary("owner");
    return lookAtGitHub({ access: { token, baseUrl }, pipeline: options, files: { app: files, config: {} } });
  };
  const seen = async (...args: Parameters<typeof look>) =>
    (await look(...args)).problems.map(({ path, received }) => `${path}: ${received}`);

  it("finds nothing where all is well, and gives the reviewers' ids", async () => {
    const { problems, reviewers } = await look({
      environments: { dev: { reviewers: ["ann"] } } as unknown as PipelineOptions["environments"],
    });
    assert.deepEqual(problems, []);
    assert.equal(typeof reviewers.ann, "number");
  });

  const cases: [what: string, args: Parameters<typeof look>, problem: RegExp][] = [
    ["no token", [{}, { token: undefined }], /^github:token: nothing$/],
    [
      "a token that is not known",
      [{}, { token: canary("unknown") }],
      /^github:token: a token that GitHub refuses$/,
    ],
    [
      "a token that may not write workflows",
      [{}, { token: canary("no-workflow") }],
      /^github:token: a token with the scopes repo$/,
    ],
    [
      "a repository that is not there",
      [{ app: repository("acme/nowhere") } as Partial<PipelineOptions>],
      /^pipeline.app.repository: "acme\/nowhere", which is not there/,
    ],
    [
      "a branch that is not there",
      [{ app: repository("acme/app", { branch: "trunk" }) } as Partial<PipelineOptions>],
      /^pipeline.app.branch: "trunk", which acme\/app does not have$/,
    ],
    [
      "an archived repository",
      [{ app: repository("acme/old") } as Partial<PipelineOptions>],
      /^pipeline.app.repository: "acme\/old", which is archived$/,
    ],
    [
      "a file that is not Slipway's",
      [{}, { files: ["mine.yaml"] }],
      /^pipeline.app.overwrite: false, and acme\/app has mine.yaml, which Slipway did not write$/,
    ],
    [
      "a dispatch token that is not known",
      [{ dispatchToken: canary("unknown") }],
      /^pipeline.dispatchToken: a token to which GitHub answers 401/,
    ],
    [
      "a dispatch token that may not start workflows",
      [{ dispatchToken: canary("reader") }],
      /^pipeline.dispatchToken: a token to which GitHub answers 403/,
    ],
    [
      "a classic dispatch token",
      [{ dispatchToken: canary("owner") }],
      /^pipeline.dispatchToken: a classic token with the scopes repo, workflow, which may do far more$/,
    ],
    [
      "a reviewer whom nobody knows",
      [{ environments: { dev: { reviewers: ["nobody"] } } as unknown as PipelineOptions["environments"] }],
      /^pipeline.environments.dev.reviewers\[0\]: "nobody"$/,
    ],
  ];
  for (const [what, args, problem] of cases)
    it(`tells of ${what}`, async () => {
      const problems = await seen(...args);
      assert.equal(problems.length, 1, problems.join("\n"));
      assert.match(problems[0] as string, problem);
    });

  it("takes a file of its own for its own, and any where told to overwrite", async () => {
    assert.deepEqual(await seen({}, { files: ["theirs.yaml", "new.yaml"] }), []);
    const app = repository("acme/app", { overwrite: true }) as PipelineOptions["app"];
    assert.deepEqual(await seen({ app }, { files: ["mine.yaml"] }), []);
  });

  it("looks for nothing in a repository that is to be created", async () => {
    const create = { create: true };
    const app = repository("acme/new-app", create) as PipelineOptions["app"];
    assert.deepEqual(await seen({ app, config: repository("acme/new-config", create) }), []);
  });

  it("shows a repository of somebody else's as one that is not there", async () => {
    const problems = await seen({}, { token: canary("ann") });
    assert.equal(problems.length, 2, problems.join("\n"));
    for (const problem of problems) assert.match(problem, /which is not there or not shown to the token/);
  });

  it("never shows a token", async () => {
    const found = await look({ dispatchToken: canary("reader") }, { token: canary("no-workflow") });
    assert.ok(found.problems.length > 0);
    assert.ok(!JSON.stringify(found).includes("canary"));
  });
});
