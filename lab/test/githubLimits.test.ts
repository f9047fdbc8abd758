import assert from "node:assert/strict";
import { type GitHub, startGitHub } from "./githubServer.ts";

describe("the lab's GitHub: conditional requests and rate limits", () => {
  let github: GitHub;
  before(async () => {
    github = startGitHub();
    await github.ann("POST", "/user/repos", { name: "shop", auto_init: true });
  });
  after(() => github.stop());

  const call = (url: string, headers: Record<string, string> = {}, token: string | undefined = undefined) =>
    github.app.inject({
      method: "GET",
      url: `/api/v3${url}`,
      headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers },
    });
  const used = (answer: Awaited<ReturnType<typeof call>>) => Number(answer.headers["x-ratelimit-used"]);

  it("answers 304, without a body and for free, to who has the answer", async () => {
    const first = await call("/repos/ann/shop", {}, github.annToken);
    assert.equal(first.statusCode, 200);
    const etag = String(first.headers.etag);
    const again = await call("/repos/ann/shop", { "if-none-match": etag }, github.annToken);
    assert.equal(again.statusCode, 304);
    assert.equal(again.body, "");
    assert.equal(again.headers.etag, etag);
    assert.equal(used(again), used(first));
  });

  it("answers anew once something changed", async () => {
    const etag = String((await call("/repos/ann/shop", {}, github.annToken)).headers.etag);
    await github.ann("PATCH", "/repos/ann/shop", { description: "Other" });
    const after = await call("/repos/ann/shop", { "if-none-match": etag }, github.annToken);
    assert.equal(after.statusCode, 200);
    assert.equal(after.json<{ description: string }>().description, "Other");
  });

  it("counts a user's calls over all tokens, a workflow's and an address's apart", async () => {
    const second = github.token("ann-second", { user: "ann", kind: "classic", scopes: ["repo"] });
    const job = github.token("job", {
      user: "github-actions[bot]",
      kind: "installation",
      repositories: ["ann/shop"],
      permissions: { contents: "read" },
    });
    const byFirst = await call("/user", {}, github.annToken);
    const bySecond = await call("/user", {}, second);
    assert.equal(used(bySecond), used(byFirst) + 1);
    const byJob = await call("/repos/ann/shop", {}, job);
    assert.deepEqual([Number(byJob.headers["x-ratelimit-limit"]), used(byJob)], [1000, 1]);
    assert.equal(used(await call("/repos/ann/shop")), 1);
  });

  it("tells what is left, for free", async () => {
    const before = await call("/rate_limit", {}, github.annToken);
    const { body } = await github.ann<{ rate: { limit: number; used: number; remaining: number } }>(
      "GET",
      "/rate_limit",
    );
    assert.equal(body.rate.used, used(before));
    assert.equal(body.rate.remaining, body.rate.limit - body.rate.used);
  });

  it("refuses what is over the limit, and says until when", async () => {
    const { rateLimit } = github.context.lab;
    const { user } = rateLimit;
    rateLimit.user = 1;
    const refused = await call("/user", {}, github.annToken);
    rateLimit.user = user;
    assert.equal(refused.statusCode, 403);
    assert.match(refused.json<{ message: string }>().message, /^API rate limit exceeded for user ID \d+\.$/);
    assert.equal(Number(refused.headers["x-ratelimit-remaining"]), 0);
    const reset = Number(refused.headers["x-ratelimit-reset"]) - Date.now() / 1000;
    assert.ok(reset > 3500 && reset <= 3601, `resets in ${reset} s`);
    assert.equal((await call("/user", {}, github.annToken)).statusCode, 200);
  });

  it("wants to know which program calls", async () => {
    const answer = await call("/user", { "user-agent": "" }, github.annToken);
    assert.equal(answer.statusCode, 403);
    assert.match(answer.body, /User-Agent/);
  });
});
