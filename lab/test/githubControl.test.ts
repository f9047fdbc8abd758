import assert from "node:assert/strict";
import { control } from "../github/controlClient.ts";
import { type GitHub, startGitHub } from "./githubServer.ts";

describe("the lab's GitHub: what the lab asks of it", () => {
  let github: GitHub;
  let lab: ReturnType<typeof control>;
  beforeEach(async () => {
    github = startGitHub();
    lab = control(await github.app.listen({ host: "127.0.0.1", port: 0 }));
  });
  afterEach(() => github.stop());

  it("makes users, tokens and repositories, and takes tokens back", async () => {
    await lab.addUser({ login: "shop", type: "Organization" });
    const token = "canary-control-not-a-secret";
    await lab.addToken({ token, user: "carol", kind: "classic", scopes: ["repo"] });
    await lab.addRepository({ owner: "carol", name: "secret", private: true });
    assert.deepEqual((await lab.status()).repositories, ["carol/secret"]);
    assert.equal((await github.as(token)("GET", "/repos/carol/secret")).body.private, true);
    assert.equal((await github.as(token)("GET", "/orgs/shop")).status, 200);
    await lab.revokeToken(token);
    assert.equal((await github.as(token)("GET", "/repos/carol/secret")).status, 401);
  });

  it("fails with the reason for a request that makes no sense", async () => {
    await assert.rejects(lab.addRepository({ owner: "ann", name: "no spaces" }), /422.*"invalid"/);
    await assert.rejects(lab.fail({ path: "(" }), /must be a regular expression/);
  });

  it("keeps a record of calls, without tokens", async () => {
    await github.ann("GET", "/user");
    await github.as("canary-unknown")("GET", "/user");
    const calls = await lab.calls();
    assert.deepEqual(
      calls.map(({ method, path, status, actor }) => [method, path, status, actor?.login]),
      [
        ["GET", "/user", 200, "ann"],
        ["GET", "/user", 401, undefined],
      ],
    );
    assert.doesNotMatch(JSON.stringify(calls), /canary/);
    await lab.resetCalls();
    assert.deepEqual(await lab.calls(), []);
  });

  it("makes calls fail before they do anything, or after", async () => {
    const create = (name: string) =>
      github.app.inject({
        method: "POST",
        url: "/api/v3/user/repos",
        headers: { authorization: `Bearer ${github.annToken}` },
        payload: { name },
      });
    await lab.fail({ method: "POST", path: "^/user/repos$", status: 502 });
    assert.equal((await create("one")).statusCode, 502);
    await lab.fail({ path: "^/user/repos$", status: 500, when: "after" });
    assert.equal((await create("two")).statusCode, 500);
    assert.equal((await create("three")).statusCode, 201);
    assert.deepEqual((await lab.status()).repositories, ["ann/two", "ann/three"]);
  });

  it("refuses calls as GitHub does those that come too fast", async () => {
    await lab.fail({ status: 403, retryAfterSeconds: 7, count: 2 });
    const { status, body, headers } = await github.ann("GET", "/user");
    assert.equal(status, 403);
    assert.match(String(body.message), /secondary rate limit/);
    assert.equal(Number(headers["retry-after"]), 7);
    await lab.clearFaults();
    assert.equal((await github.ann("GET", "/user")).status, 200);
  });

  it("sets the limit of calls", async () => {
    assert.equal((await lab.setRateLimit({ user: 3 })).user, 3);
    assert.equal(Number((await github.ann("GET", "/user")).headers["x-ratelimit-limit"]), 3);
  });

  it("begins anew, with the same users and tokens", async () => {
    await github.ann("POST", "/user/repos", { name: "shop", auto_init: true });
    await github.ann("POST", "/repos/ann/shop/issues", { title: "One" });
    await lab.reset();
    assert.deepEqual((await lab.status()).repositories, []);
    assert.equal((await github.ann("GET", "/repos/ann/shop")).status, 404);
    await github.ann("POST", "/user/repos", { name: "shop" });
    assert.deepEqual((await github.ann("GET", "/repos/ann/shop/issues")).body, []);
  });
});
