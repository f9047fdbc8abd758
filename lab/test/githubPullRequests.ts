import assert from "node:assert/strict";
import type { GitHubEvent } from "../github/events.ts";
import { startGitHub } from "./githubServer.ts";

/** What the tests read of a pull request. */
export interface Pull {
  number: number;
  title: string;
  state: string;
  merged: boolean;
  mergeable: boolean | null;
  mergeable_state: string;
  merge_commit_sha: string | null;
  head: { sha: string; label: string; repo: { full_name: string } };
  base: { sha: string };
  commits: number;
  changed_files: number;
}

/** Paths of the repository that the tests work on, and of its pull requests. */
export const shop = "/repos/ann/shop";
export const pulls = `${shop}/pulls`;

/** An emulated GitHub with a repository whose file `config` says `tag: v1`, and what tests do with it. */
export async function startShop() {
  const github = startGitHub();
  const headOf = async (branch: string, repo = shop) =>
    (await github.ann<{ object: { sha: string } }>("GET", `${repo}/git/ref/heads/${branch}`)).body.object.sha;
  const branch = async (name: string, from = "main") =>
    github.ann("POST", `${shop}/git/refs`, { ref: `refs/heads/${name}`, sha: await headOf(from) });
  async function write(path: string, text: string, on = "main", as = github.ann, repo = shop) {
    const known = await as<{ sha?: string }>("GET", `${repo}/contents/${path}?ref=${on}`);
    const { body } = await as<{ commit: { sha: string } }>("PUT", `${repo}/contents/${path}`, {
      message: `Set ${path}`,
      content: Buffer.from(text).toString("base64"),
      branch: on,
      ...(known.status === 200 ? { sha: known.body.sha } : {}),
    });
    return body.commit.sha;
  }
  /** A pull request that sets the config's tag, from a branch of that name. */
  const propose = async (name: string, text = `tag: ${name}\n`) => {
    await branch(name);
    await write("config", text, name);
    return github.ann<Pull>("POST", pulls, { title: `Tag ${name}`, head: name, base: "main" });
  };
  const get = async (number = 1) => (await github.ann<Pull>("GET", `${pulls}/${number}`)).body;
  const git = (...args: string[]) => {
    const repository = github.context.state.repository("ann", "shop");
    assert.ok(repository);
    return github.context.git.in(repository)(args);
  };
  const told = (name = "pull_request") => github.events.filter((event) => event.name === name);
  const actions = (events: GitHubEvent[] = told()) => events.map(({ action }) => action);

  await github.ann("POST", "/user/repos", { name: "shop", auto_init: true });
  await write("config", "tag: v1\n");
  return { github, headOf, branch, write, propose, get, git, told, actions, stop: () => github.stop() };
}

export type Shop = Awaited<ReturnType<typeof startShop>>;
