import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { execa } from "execa";
import {
  changedFiles,
  commitsBetween,
  contains,
  mergeCommit,
  mergedTree,
  rebasedHead,
  squashCommit,
  webFlow,
  type Git,
} from "../github/merging.ts";

const author = { name: "Jubilee", email: "jubilee@example.test" };

describe("Merging in git", () => {
  let folder: string;
  let git: Git;
  let sha: Record<"base" | "feature" | "main" | "conflict" | "orphan", string>;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "slipway-merging-"));
    git = async (args, { input, env } = {}) =>
      (await execa("git", ["-C", folder, ...args], { input, env, stripFinalNewline: false })).stdout;
    const commit = async (message: string, files: Record<string, string | Buffer>) => {
      for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
      await git(["add", "-A"]);
      await git(["-c", "user.name=Ann", "-c", "user.email=ann@example.test", "commit", "-m", message]);
      return (await git(["rev-parse", "HEAD"])).trim();
    };
    const tags = "1\n2\n3\n4\n5\n6\n7\n8\n";
    await git(["init", "-q", "-b", "main"]);
    const base = await commit("Base", { tags, old: "kept as it is\n" });
    await git(["checkout", "-qb", "feature"]);
    await git(["mv", "old", "new"]);
    await commit("First", { tags: tags.replace("2", "two") });
    const feature = await commit("Second\n\nwith a body", { "a b": "text\n", binary: Buffer.from([0, 1]) });
    await git(["checkout", "-q", "main"]);
    const main = await commit("Elsewhere", { tags: tags.replace("7", "seven") });
    await git(["checkout", "-qb", "conflict", base]);
    const conflict = await commit("Same line", { tags: tags.replace("2", "zwei") });
    await git(["checkout", "-q", "--orphan", "orphan"]);
    const orphan = await commit("Another history", {});
    sha = { base, feature, main, conflict, orphan };
  });
  after(() => rm(folder, { recursive: true }));

  const request = (base: string) => ({ base, head: sha.feature, message: "Merged\n", author });
  const shown = async (commit: string | undefined) => {
    assert.ok(commit, "merges");
    const format = "%P|%an|%cn|%s";
    return (await git(["show", "-s", `--format=${format}`, commit])).trim();
  };
  const text = (commit: string, file: string) => git(["show", `${commit}:${file}`]);

  it("makes a merge commit with both changes", async () => {
    const merged = (await mergeCommit(git, request(sha.main))) ?? "";
    assert.equal(await shown(merged), `${sha.main} ${sha.feature}|Jubilee|${webFlow.name}|Merged`);
    assert.equal(await text(merged, "tags"), "1\ntwo\n3\n4\n5\n6\nseven\n8\n");
  });

  it("squashes into one commit", async () => {
    const squashed = await squashCommit(git, request(sha.main));
    assert.equal(await shown(squashed), `${sha.main}|Jubilee|GitHub|Merged`);
  });

  it("rebases each commit and keeps its author and message", async () => {
    const rebased = (await rebasedHead(git, sha.main, sha.feature)) ?? "";
    const log = await git(["log", "--format=%an|%cn|%s|%b", `${sha.main}..${rebased}`]);
    assert.deepEqual(log.trim().split("\n"), ["Ann|GitHub|Second|with a body", "", "Ann|GitHub|First|"]);
    assert.equal(await text(rebased, "tags"), "1\ntwo\n3\n4\n5\n6\nseven\n8\n");
    assert.equal(await mergedTree(git, sha.main, sha.feature), await tree(rebased));
  });
  const tree = async (commit: string) => (await git(["rev-parse", `${commit}^{tree}`])).trim();

  it("fails to merge what conflicts, or has no history in common", async () => {
    for (const base of [sha.conflict, sha.orphan]) {
      assert.equal(await mergedTree(git, base, sha.feature), undefined);
      assert.equal(await mergeCommit(git, request(base)), undefined);
      assert.equal(await squashCommit(git, request(base)), undefined);
    }
    assert.equal(await rebasedHead(git, sha.conflict, sha.feature), undefined);
  });

  it("tells what head has and base lacks", async () => {
    const commits = await commitsBetween(git, sha.main, sha.feature);
    assert.equal(commits.length, 2);
    assert.equal(commits[1], sha.feature);
    assert.equal(await contains(git, sha.feature, sha.base), true);
    assert.equal(await contains(git, sha.feature, sha.main), false);
  });

  it("lists changed files with their patches", async () => {
    const files = await changedFiles(git, sha.base, sha.feature);
    const brief = files.map(({ filename, status, additions, deletions }) =>
      [filename, status, additions, deletions].join(" "),
    );
    assert.deepEqual(brief, ["a b added 1 0", "binary added 0 0", "new renamed 0 0", "tags modified 1 1"]);
    assert.equal(files[0]?.patch, "@@ -0,0 +1 @@\n+text");
    assert.equal(files[1]?.patch, undefined);
    assert.equal(files[2]?.previous_filename, "old");
    const [removed] = await changedFiles(git, sha.feature, sha.base);
    assert.equal(removed?.status, "removed");
  });
});
