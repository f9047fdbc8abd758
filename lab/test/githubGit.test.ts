import { execa } from "execa";
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type GitHub, startGitHub } from "./githubServer.ts";

const zeros = "0".repeat(40);

describe("the lab's GitHub: git over HTTP, by git itself", () => {
  let github: GitHub;
  let url: string;
  let folder: string;

  before(async () => {
    github = startGitHub();
    url = await github.app.listen({ host: "127.0.0.1", port: 0 });
    folder = mkdtempSync(path.join(tmpdir(), "slipway-git-"));
  });
  after(async () => {
    await github.stop();
    rmSync(folder, { recursive: true });
  });

  const git = (token: string | undefined, cwd: string, ...args: string[]) =>
    execa("git", args, {
      cwd,
      reject: false,
      env: {
        GIT_CONFIG_GLOBAL: "/dev/null",
        GIT_CONFIG_NOSYSTEM: "1",
        GIT_TERMINAL_PROMPT: "0",
        GIT_AUTHOR_NAME: "Ann",
        GIT_AUTHOR_EMAIL: "ann@example.com",
        GIT_COMMITTER_NAME: "Ann",
        GIT_COMMITTER_EMAIL: "ann@example.com",
        GIT_CONFIG_COUNT: token ? "1" : "0",
        GIT_CONFIG_KEY_0: `http.${url}/.extraHeader`,
        GIT_CONFIG_VALUE_0: `Authorization: Basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`,
      },
    });
  const write = (repository: string, file: string, text: string) => {
    mkdirSync(path.dirname(path.join(repository, file)), { recursive: true });
    writeFileSync(path.join(repository, file), text);
  };
  const commit = async (repository: string, message: string) => {
    await git(undefined, repository, "add", "--all");
    assert.equal((await git(undefined, repository, "commit", "--quiet", "--message", message)).exitCode, 0);
    return (await git(undefined, repository, "rev-parse", "HEAD")).stdout;
  };
  let made = 0;
  /** A private repository of Ann's with one file, and a clone of it. */
  const repository = async (settings: object = { private: true }) => {
    const name = `app${++made}`;
    await github.ann("POST", "/user/repos", { name, ...settings });
    const clone = path.join(folder, name);
    const cloned = await git(github.annToken, folder, "clone", "--quiet", `${url}/ann/${name}.git`, clone);
    assert.equal(cloned.exitCode, 0, cloned.stderr);
    write(clone, "a.txt", "a\n");
    const first = await commit(clone, "First");
    const pushed = await git(github.annToken, clone, "push", "--quiet", "origin", "HEAD:main");
    assert.equal(pushed.exitCode, 0, pushed.stderr);
    return { name, clone, first, at: `${url}/ann/${name}.git` };
  };
  const pushes = () => github.events.filter(({ name }) => name === "push");

  it("takes a push and gives it back to a clone", async () => {
    const { at, first } = await repository();
    const copy = path.join(folder, "copy");
    assert.equal((await git(github.annToken, folder, "clone", "--quiet", at, copy)).exitCode, 0);
    assert.equal(readFileSync(path.join(copy, "a.txt"), "utf8"), "a\n");
    assert.equal((await git(undefined, copy, "rev-parse", "HEAD")).stdout, first);
  });

  it("tells one push for each ref, with what it brought", async () => {
    const { clone, first } = await repository();
    github.events.splice(0);
    write(clone, "b.txt", "b\n");
    write(clone, "a.txt", "changed\n");
    const second = await commit(clone, "Second");
    await git(undefined, clone, "tag", "--annotate", "v1", "--message", "v1");
    await git(
      github.annToken,
      clone,
      "push",
      "--quiet",
      "origin",
      "HEAD:main",
      "v1",
      "HEAD:refs/heads/topic",
    );
    const told = Object.fromEntries(pushes().map(({ ref, ...event }) => [ref, event]));
    assert.deepEqual(Object.keys(told).sort(), ["refs/heads/main", "refs/heads/topic", "refs/tags/v1"]);
    const main = told["refs/heads/main"]?.payload as {
      before: string;
      after: string;
      created: boolean;
      commits: { message: string; added: string[]; modified: string[]; removed: string[] }[];
      head_commit: { id: string };
    };
    assert.deepEqual([main.before, main.after, main.created], [first, second, false]);
    assert.equal(main.head_commit.id, second);
    assert.deepEqual(
      main.commits.map(({ message, added, modified, removed }) => ({ message, added, modified, removed })),
      [{ message: "Second", added: ["b.txt"], modified: ["a.txt"], removed: [] }],
    );
    const tag = told["refs/tags/v1"];
    assert.equal(tag?.sha, second, "a tag's event is about its commit");
    assert.notEqual(tag?.payload.after, second, "though the tag is an object of its own");
    assert.equal(told["refs/heads/topic"]?.actor, "ann");
  });

  it("tells of a forced push, and of a branch that is gone", async () => {
    const { clone, first } = await repository();
    await git(github.annToken, clone, "push", "--quiet", "origin", "HEAD:refs/heads/topic");
    await git(undefined, clone, "commit", "--quiet", "--amend", "--message", "Other");
    const refused = await git(github.annToken, clone, "push", "--quiet", "origin", "HEAD:topic");
    assert.match(refused.stderr, /non-fast-forward|fetch first/);
    github.events.splice(0);
    await git(github.annToken, clone, "push", "--quiet", "--force", "origin", "HEAD:topic");
    await git(github.annToken, clone, "push", "--quiet", "origin", ":topic");
    const [forced, gone] = pushes();
    assert.deepEqual([forced?.payload.forced, forced?.payload.before], [true, first]);
    assert.deepEqual([gone?.payload.deleted, gone?.sha, gone?.payload.head_commit], [true, zeros, null]);
  });

  it("makes the first branch the default one", async () => {
    await github.ann("POST", "/user/repos", { name: "old" });
    const { clone } = await repository();
    await git(github.annToken, clone, "push", "--quiet", `${url}/ann/old.git`, "HEAD:refs/heads/master");
    assert.equal((await github.ann("GET", "/repos/ann/old")).body.default_branch, "master");
  });

  describe("workflow files", () => {
    const tokenOf = (kind: "classic" | "fine-grained" | "installation", name: string) =>
      github.token(`${kind}-${name}`, {
        user: kind === "installation" ? "github-actions[bot]" : "ann",
        kind,
        ...(kind === "classic"
          ? { scopes: ["repo"] }
          : { repositories: [`ann/${name}`], permissions: { contents: "write" } }),
      });
    const cases = [
      ["classic", "a Personal Access Token", "`workflow` scope"],
      ["fine-grained", "a Personal Access Token", "`workflow` scope"],
      ["installation", "a GitHub App", "`workflows` permission"],
    ] as const;
    for (const [kind, who, what] of cases)
      it(`are refused where a token without the permission brings them (${kind}), and nothing moves`, async () => {
        const { clone, name, first } = await repository();
        write(clone, ".github/workflows/ci.yaml", "on: push\n");
        await commit(clone, "Workflow");
        github.events.splice(0);
        const pushed = await git(tokenOf(kind, name), clone, "push", "origin", "HEAD:main");
        assert.notEqual(pushed.exitCode, 0);
        assert.ok(
          pushed.stderr.includes(
            `(refusing to allow ${who} to create or update workflow \`.github/workflows/ci.yaml\` without ${what})`,
          ),
          pushed.stderr,
        );
        assert.deepEqual(pushes(), []);
        const { body } = await github.ann<{ object: { sha: string } }>(
          "GET",
          `/repos/ann/${name}/git/ref/heads/main`,
        );
        assert.equal(body.object.sha, first);
      });

    it("are free to push where another branch has them already", async () => {
      const { clone, name } = await repository();
      write(clone, ".github/workflows/ci.yaml", "on: push\n");
      await commit(clone, "Workflow");
      await git(github.annToken, clone, "push", "--quiet", "origin", "HEAD:main");
      write(clone, "b.txt", "b\n");
      await commit(clone, "No workflow");
      const pushed = await git(
        tokenOf("installation", name),
        clone,
        "push",
        "--quiet",
        "origin",
        "HEAD:refs/heads/topic",
      );
      assert.equal(pushed.exitCode, 0, pushed.stderr);
      assert.equal(pushes().at(-1)?.byWorkflow, true);
      assert.equal(pushes().at(-1)?.actor, "github-actions[bot]");
    });
  });

  describe("access", () => {
    it("needs no token to read what is public, and one to write", async () => {
      const { at, clone } = await repository({});
      assert.equal((await git(undefined, folder, "ls-remote", at)).exitCode, 0);
      const pushed = await git(undefined, clone, "push", "origin", "HEAD:refs/heads/x");
      assert.match(pushed.stderr, /could not read Username/);
    });

    it("hides what is private: nobody without a token, or with another's", async () => {
      const { at } = await repository();
      assert.match((await git(undefined, folder, "ls-remote", at)).stderr, /could not read Username/);
      const bob = github.token("bob-git", { user: "bob", kind: "classic", scopes: ["repo"] });
      assert.match((await git(bob, folder, "ls-remote", at)).stderr, /not found/i);
      const unknown = at.replace("://", "://x-access-token:canary-unknown@");
      const { stderr } = await git(undefined, folder, "ls-remote", unknown);
      assert.match(stderr, /Invalid username or token/);
    });

    it("lets a token that may read only read", async () => {
      const { at, clone, name } = await repository();
      const reader = github.token("reader-git", {
        user: "ann",
        kind: "fine-grained",
        repositories: [`ann/${name}`],
        permissions: { contents: "read" },
      });
      assert.equal((await git(reader, folder, "ls-remote", at)).exitCode, 0);
      const pushed = await git(reader, clone, "push", "origin", "HEAD:refs/heads/x");
      assert.match(pushed.stderr, /403/);
    });

    it("takes nothing into an archived repository", async () => {
      const { clone, name } = await repository();
      await github.ann("PATCH", `/repos/ann/${name}`, { archived: true });
      const pushed = await git(github.annToken, clone, "push", "origin", "HEAD:refs/heads/x");
      assert.match(pushed.stderr, /403/);
    });
  });
});
