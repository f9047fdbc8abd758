import assert from "node:assert/strict";
import { mintJobToken, revokeToken } from "../github/tokens.ts";
import { type GitHub, startGitHub } from "./githubServer.ts";

describe("the lab's GitHub: tokens", () => {
  let github: GitHub;
  beforeEach(async () => {
    github = startGitHub();
    await github.ann("POST", "/user/repos", { name: "shop", private: true, auto_init: true });
    await github.ann("POST", "/user/repos", { name: "open", auto_init: true });
  });
  afterEach(() => github.stop());

  const user = async (authorization: string) =>
    (await github.app.inject({ url: "/api/v3/user", headers: { authorization } })).statusCode;
  const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

  it("are shown in each of the ways that clients have", async () => {
    for (const shown of [
      `Bearer ${github.annToken}`,
      `token ${github.annToken}`,
      basic(`x-access-token:${github.annToken}`),
      basic(`ann:${github.annToken}`),
    ])
      assert.equal(await user(shown), 200, shown);
    assert.equal(await user("Bearer canary-unknown"), 401);
    assert.equal(await user(basic("ann:")), 401);
  });

  it("that are not known are refused for public things as well", async () => {
    assert.equal((await github.as(undefined)("GET", "/repos/ann/open")).status, 200);
    const { status, body } = await github.as("canary-unknown")("GET", "/repos/ann/open");
    assert.deepEqual([status, body.message], [401, "Bad credentials"]);
  });

  it("tell what they have, what was wanted, and when they end", async () => {
    const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
    const fine = github.as(
      github.token("fine", {
        user: "ann",
        kind: "fine-grained",
        repositories: ["ann/shop"],
        permissions: { contents: "read" },
        expiresAt,
      }),
    );
    const refused = await fine("POST", "/repos/ann/shop/issues", { title: "One" });
    assert.equal(refused.status, 403);
    assert.equal(refused.headers["x-accepted-github-permissions"], "issues=write");
    assert.equal(refused.headers["x-oauth-scopes"], undefined);
    const ends = String(refused.headers["github-authentication-token-expiration"]);
    assert.equal(Date.parse(ends), Math.floor(Date.parse(expiresAt) / 1000) * 1000);
    const classic = await github.ann("GET", "/repos/ann/shop/issues");
    assert.equal(classic.headers["x-oauth-scopes"], "repo, workflow");
    assert.equal(classic.headers["x-accepted-oauth-scopes"], "repo");
  });

  it("are refused once they ended", async () => {
    const expiresAt = new Date(Date.now() - 1000).toISOString();
    const old = github.token("old", { user: "ann", kind: "classic", scopes: ["repo"], expiresAt });
    assert.equal((await github.as(old)("GET", "/user")).status, 401);
  });

  it("of a fine-grained kind are for all of a user's repositories, where asked", async () => {
    const all = github.as(
      github.token("all", {
        user: "ann",
        kind: "fine-grained",
        repositories: ["ann/*"],
        permissions: { contents: "read" },
      }),
    );
    assert.equal((await all("GET", "/repos/ann/shop/contents/README.md")).status, 200);
    assert.equal((await all("GET", "/repos/ann/open/contents/README.md")).status, 200);
  });

  it("of a job are for its repository and permissions, until they are taken back", async () => {
    const { state } = github.context;
    const repository = state.repository("ann", "shop");
    assert.ok(repository);
    const token = mintJobToken(state, repository, { contents: "read" });
    const job = github.as(token);
    assert.equal((await job("GET", "/repos/ann/shop/contents/README.md")).status, 200);
    const refused = await job("POST", "/repos/ann/shop/issues", { title: "One" });
    assert.deepEqual([refused.status, refused.body.message], [403, "Resource not accessible by integration"]);
    assert.equal((await job("GET", "/user")).status, 403);
    await github.ann("POST", "/user/repos", { name: "other", private: true });
    assert.equal((await job("GET", "/repos/ann/other")).status, 404);
    revokeToken(state, token);
    assert.equal((await job("GET", "/repos/ann/shop")).status, 401);
  });

  it("without a scope see nothing private", async () => {
    const none = github.as(github.token("none", { user: "ann", kind: "classic", scopes: [] }));
    assert.equal((await none("GET", "/repos/ann/shop")).status, 404);
    assert.equal((await none("GET", "/repos/ann/open")).status, 200);
    const publicOnly = github.as(
      github.token("public", { user: "ann", kind: "classic", scopes: ["public_repo"] }),
    );
    assert.equal((await publicOnly("POST", "/repos/ann/open/issues", { title: "One" })).status, 201);
    assert.equal((await publicOnly("GET", "/repos/ann/shop")).status, 404);
  });
});
