import assert from "node:assert/strict";
import { shop, pulls, startShop, type Shop, type Pull } from "./githubPullRequests.ts";

describe("the lab's GitHub: merged pull requests", () => {
  let lab: Shop;
  beforeEach(async () => {
    lab = await startShop();
  });
  afterEach(() => lab.stop());

  for (const [method, parents] of [
    ["merge", 2],
    ["squash", 1],
    ["rebase", 1],
  ] as const)
    it(`are merged by ${method}`, async () => {
      const { body } = await lab.propose("v2");
      const url = `${pulls}/1/merge`;
      const moved = await lab.github.ann("PUT", url, { merge_method: method, sha: "0".repeat(40) });
      assert.equal(moved.status, 409);
      assert.equal(moved.body.message, "Head branch was modified. Review and try the merge again.");
      await lab.write("other", "x\n");
      assert.equal((await lab.github.ann("GET", url)).status, 404);
      const merged = await lab.github.ann<{ sha: string }>("PUT", url, {
        merge_method: method,
        sha: body.head.sha,
      });
      assert.equal(merged.status, 200);
      assert.equal(await lab.headOf("main"), merged.body.sha);
      const line = (await lab.git("rev-list", "--parents", "-1", "main")).trim().split(" ");
      assert.equal(line.length - 1, parents);
      assert.equal((await lab.git("show", "main:config")).trim(), "tag: v2");
      const pull = await lab.get();
      assert.equal(pull.state, "closed");
      assert.equal(pull.merged, true);
      assert.equal(pull.merge_commit_sha, merged.body.sha);
      assert.equal((await lab.github.ann("GET", url)).status, 204);
      assert.equal((await lab.github.ann("PUT", url)).status, 405);
      const closed = lab.told().at(-1);
      assert.equal(closed?.action, "closed");
      assert.equal(closed.sha, merged.body.sha);
      assert.equal(lab.told("push").at(-1)?.sha, merged.body.sha);
      for (const sha of [merged.body.sha, body.head.sha]) {
        const found = await lab.github.ann<Pull[]>("GET", `${shop}/commits/${sha}/pulls`);
        assert.deepEqual(
          found.body.map(({ number }) => number),
          [1],
        );
      }
    });

  it("take their branch with them where the repository says so", async () => {
    await lab.github.ann("PATCH", shop, { delete_branch_on_merge: true });
    await lab.propose("v2");
    await lab.github.ann("PUT", `${pulls}/1/merge`, { merge_method: "squash" });
    assert.equal((await lab.github.ann("GET", `${shop}/git/ref/heads/v2`)).status, 404);
    const pushes = lab.told("push").map(({ ref, sha }) => [ref, /^0+$/.test(sha)]);
    assert.deepEqual(pushes.slice(-2), [
      ["refs/heads/main", false],
      ["refs/heads/v2", true],
    ]);
    assert.equal((await lab.get()).merged, true);
  });

  it("are merged in no other way than the repository allows, and not while they are drafts", async () => {
    await lab.github.ann("PATCH", shop, { allow_rebase_merge: false });
    await lab.propose("v2");
    const rebase = await lab.github.ann("PUT", `${pulls}/1/merge`, { merge_method: "rebase" });
    assert.equal(rebase.status, 405);
    assert.equal(rebase.body.message, "Rebase merges are not allowed on this repository.");
    await lab.branch("v3");
    await lab.write("config", "tag: v3\n", "v3");
    const draft = { title: "Draft", head: "v3", base: "main", draft: true };
    assert.equal((await lab.github.ann<Pull>("POST", pulls, draft)).body.mergeable_state, "draft");
    const merge = await lab.github.ann("PUT", `${pulls}/2/merge`);
    assert.equal(merge.body.message, "Pull Request is still a draft");
  });

  it("take in their base on request", async () => {
    const { body } = await lab.propose("v2");
    const main = await lab.write("other", "x\n");
    const url = `${pulls}/1/update-branch`;
    assert.equal((await lab.github.ann("PUT", url, { expected_head_sha: main })).status, 422);
    assert.equal((await lab.github.ann("PUT", url, { expected_head_sha: body.head.sha })).status, 202);
    const { head } = await lab.get();
    assert.notEqual(head.sha, body.head.sha);
    assert.equal(await lab.headOf("v2"), head.sha);
    assert.equal((await lab.git("show", "v2:other")).trim(), "x");
    assert.equal(lab.actions().at(-1), "synchronize");
  });

  it("are merged by a push that has them, and closed where nothing is left", async () => {
    await lab.propose("v2");
    const pushed = await lab.headOf("v2");
    await lab.github.ann("PATCH", `${shop}/git/refs/heads/main`, { sha: pushed });
    const merged = await lab.get();
    assert.equal(merged.merged, true);
    assert.equal(merged.merge_commit_sha, pushed);

    await lab.propose("v3");
    await lab.github.ann("PATCH", `${shop}/git/refs/heads/v3`, {
      sha: await lab.headOf("main"),
      force: true,
    });
    const closed = await lab.get(2);
    assert.equal(closed.state, "closed");
    assert.equal(closed.merged, false);

    await lab.propose("v4");
    await lab.github.ann("DELETE", `${shop}/git/refs/heads/v4`);
    assert.equal((await lab.get(3)).state, "closed");
    assert.equal((await lab.github.ann("PATCH", `${pulls}/3`, { state: "open" })).status, 422);
  });
});
