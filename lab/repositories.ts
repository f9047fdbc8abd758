import { Octokit } from "@octokit/rest";
import { execa } from "execa";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { githubUrl } from "./addresses.ts";
import { githubOwner, githubOwnerToken } from "./credentials.ts";
import { checkout } from "./paths.ts";

/** The app's repository on the lab's GitHub. */
export const appRepository = `${githubOwner}/k8s-demo-go-app`;
/** The config repository there: this program, and its stacks. */
export const configRepository = `${githubOwner}/slipway`;

/** A client of the lab's GitHub, as the owner of its repositories. */
export const labGitHub = (token = githubOwnerToken): Octokit =>
  new Octokit({
    auth: token,
    baseUrl: `${githubUrl}/api/v3`,
    userAgent: "slipway-lab",
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
  });

/** Takes `owner/name` apart, as Octokit wants it. */
export const ownerAndRepo = (repository: string): { owner: string; repo: string } => {
  const [owner, repo] = repository.split("/") as [string, string];
  return { owner, repo };
};

const identity = { name: "Slipway's lab", email: "lab@slipway.invalid" };

/** Git as the owner, with the token in the environment: a command line can be read by every process. */
export const gitEnvironment = (token = githubOwnerToken): Record<string, string> => ({
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_TERMINAL_PROMPT: "0",
  GIT_CONFIG_COUNT: "1",
  GIT_CONFIG_KEY_0: `http.${githubUrl}/.extraHeader`,
  GIT_CONFIG_VALUE_0: `Authorization: Basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`,
  GIT_AUTHOR_NAME: identity.name,
  GIT_AUTHOR_EMAIL: identity.email,
  GIT_COMMITTER_NAME: identity.name,
  GIT_COMMITTER_EMAIL: identity.email,
});

/**
 * Makes a private repository of the owner's and pushes what `fill` puts into a folder, as a person would.
 * Leaves one that is there; gives whether it made one.
 */
export async function ensureRepository(
  repository: string,
  fill: (folder: string) => Promise<void>,
): Promise<boolean> {
  const github = labGitHub();
  const { repo } = ownerAndRepo(repository);
  const there = await github.repos.get(ownerAndRepo(repository)).catch((error: { status?: number }) => {
    if (error.status === 404) return undefined;
    throw error;
  });
  if (there && there.data.size > 0) return false;
  if (!there) await github.repos.createForAuthenticatedUser({ name: repo, private: true });
  const folder = mkdtempSync(path.join(tmpdir(), "slipway-push-"));
  try {
    await fill(folder);
    const git = (...args: string[]) => execa("git", args, { cwd: folder, env: gitEnvironment() });
    await git("init", "--quiet", "--initial-branch", "main");
    await git("add", "--all", "--force");
    await git("commit", "--quiet", "--message", "Begin");
    await git("push", "--quiet", `${githubUrl}/${repository}.git`, "main");
  } finally {
    rmSync(folder, { recursive: true });
  }
  return true;
}

/** Puts the committed tree of this checkout into a folder. */
async function exportCheckout(folder: string): Promise<void> {
  const archive = path.join(folder, "checkout.tar");
  await execa("git", ["archive", "--output", archive, "HEAD"], { cwd: checkout });
  await execa("tar", ["xf", archive, "-C", folder]);
  rmSync(archive);
}

/**
 * The two repositories, where they are not there yet: the app's begins as `app/`, the config repository as
 * what this checkout has committed, with these files beside it (stacks' configurations, by name).
 */
export async function ensureRepositories(stackFiles: Record<string, string>): Promise<void> {
  await ensureRepository(appRepository, (folder) => {
    cpSync(path.join(checkout, "app"), folder, { recursive: true });
    return Promise.resolve();
  });
  await ensureRepository(configRepository, async (folder) => {
    await exportCheckout(folder);
    for (const [name, text] of Object.entries(stackFiles)) {
      mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
      writeFileSync(path.join(folder, name), text);
    }
  });
}

/** A file's text in the config repository; undefined if there is none. */
async function deployedFile(file: string, ref: string): Promise<string | undefined> {
  const answer = await labGitHub()
    .repos.getContent({ ...ownerAndRepo(configRepository), path: file, ref })
    .catch((error: { status?: number }) => {
      if (error.status === 404) return undefined;
      throw error;
    });
  if (!answer || !("content" in answer.data)) return undefined;
  return Buffer.from(answer.data.content, "base64").toString("utf8");
}

/**
 * Takes a stack's configuration over from the config repository, where there is one: it is what the
 * pipeline deployed last, as after a `git pull`. What was changed here stays beside it, in a file of
 * its own; gives that file's name.
 */
export async function takeDeployed(file: string): Promise<string | undefined> {
  const deployed = await deployedFile(file, "main");
  if (deployed === undefined) return undefined;
  const here = path.join(checkout, file);
  const before = existsSync(here) ? readFileSync(here, "utf8") : deployed;
  if (before === deployed) return undefined;
  writeFileSync(here, deployed);
  const { data: commits } = await labGitHub().repos.listCommits({
    ...ownerAndRepo(configRepository),
    path: file,
    per_page: 100,
  });
  // One that was there before is only old.
  for (const { sha } of commits) if ((await deployedFile(file, sha)) === before) return undefined;
  writeFileSync(`${here}.mine`, before);
  return `${file}.mine`;
}
