import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type GitHub, startGitHub } from "./githubServer.ts";

const verbs = ["GET", "POST", "PUT", "PATCH", "DELETE"] as const;
type Verb = (typeof verbs)[number];

/** Every operation on a repository that GitHub documents, with a value for each parameter of its path. */
function operations(): { verb: Verb; template: string; url: string }[] {
  const file = createRequire(import.meta.url).resolve("@octokit/openapi/generated/api.github.com.json");
  const { paths } = JSON.parse(readFileSync(file, "utf8")) as { paths: Record<string, object> };
  const values: Record<string, string> = {
    owner: "ann",
    repo: "vault",
    branch: "main",
    ref: "heads/main",
    path: "README.md",
    basehead: "main...main",
    environment_name: "prod",
    secret_name: "TOKEN",
    workflow_id: "run.yaml",
    commit_sha: "main",
    tag: "v1",
    name: "bug",
  };
  return Object.entries(paths)
    .filter(([template]) => template.startsWith("/repos/{owner}/{repo}"))
    .flatMap(([template, methods]) =>
      verbs
        .filter((verb) => verb.toLowerCase() in methods)
        .map((verb) => ({
          verb,
          template,
          url: template.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? "1"),
        })),
    );
}

describe("the lab's GitHub: every operation on a repository", () => {
  let github: GitHub;
  const all = operations();

  beforeEach(async () => {
    github = startGitHub();
    const vault = "/repos/ann/vault";
    await github.ann("POST", "/user/repos", { name: "vault", private: true, auto_init: true });
    await github.ann("POST", `${vault}/issues`, { title: "One", labels: ["bug"] });
    await github.ann("PUT", `${vault}/environments/prod`);
    await github.ann("POST", `${vault}/releases`, { tag_name: "v1" });
  });
  afterEach(() => github.stop());

  let calls = 0;
  const call = async (verb: Verb, url: string, token: string | undefined, body?: unknown) => {
    const answer = await github.app.inject({
      method: verb,
      // Without a token, an address has 60 requests an hour.
      remoteAddress: `127.0.1.${++calls % 250}`,
      url: `/api/v3${url}`,
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    });
    return answer.statusCode;
  };
  /** What answered otherwise than it should. */
  const wrong = async (
    token: string | undefined,
    right: (status: number) => boolean,
    body?: unknown,
    wanted = all,
  ) => {
    const found: string[] = [];
    for (const { verb, template, url } of wanted) {
      const status = await call(verb, url, token, verb === "GET" ? undefined : body);
      if (!right(status)) found.push(`${verb} ${template}: ${status}`);
    }
    return found;
  };

  it("is hidden from who may not see the repository", async () => {
    const stranger = github.token("stranger", { user: "bob", kind: "classic", scopes: ["repo", "workflow"] });
    const elsewhere = github.token("elsewhere", {
      user: "ann",
      kind: "fine-grained",
      repositories: ["ann/other"],
      permissions: { contents: "write", administration: "write" },
    });
    for (const token of [undefined, stranger, elsewhere])
      assert.deepEqual(await wrong(token, (status) => status === 404, {}), []);
  });

  it("is refused to a token without any permission, but for what every token sees", async () => {
    const token = github.token("bare", {
      user: "ann",
      kind: "installation",
      repositories: ["ann/vault"],
      permissions: {},
    });
    const seen = ["/repos/{owner}/{repo}", "/repos/{owner}/{repo}/topics"];
    const others = all.filter(({ verb, template }) => verb !== "GET" || !seen.includes(template));
    assert.deepEqual(await wrong(token, (status) => status === 403 || status === 404, {}, others), []);
  });

  it("fails by the request, never by the emulator", async () => {
    const kept = all.filter(
      ({ verb, template }) => verb !== "DELETE" || template !== "/repos/{owner}/{repo}",
    );
    for (const body of [{}, null, { ref: {}, name: [], body: 5, labels: "x", tag_name: 7, sha: -1 }])
      assert.deepEqual(await wrong(github.annToken, (status) => status < 500, body, kept), []);
  });
});
