import { execa } from "execa";
import { mkdirSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import type { Git } from "./merging.ts";
import { fullName, type Repository } from "./state.ts";

export const zeros = "0".repeat(40);

const environment = {
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  // A commit needs somebody even where it is made for a look only.
  GIT_AUTHOR_NAME: "GitHub",
  GIT_AUTHOR_EMAIL: "noreply@github.com",
  GIT_COMMITTER_NAME: "GitHub",
  GIT_COMMITTER_EMAIL: "noreply@github.com",
};

/** The bare repositories below a folder, by the real git. */
export class GitStore {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  pathOf(repository: Repository): string {
    return path.join(this.folder, `${fullName(repository)}.git`);
  }

  /** Makes the bare repository; a fork begins with all of its parent. */
  async create(repository: Repository, parent?: Repository): Promise<void> {
    const target = this.pathOf(repository);
    mkdirSync(path.dirname(target), { recursive: true });
    const run = (args: string[]) => execa("git", args, { env: environment });
    if (parent) await run(["clone", "--quiet", "--bare", "--template=", this.pathOf(parent), target]);
    else {
      const branch = `--initial-branch=${repository.defaultBranch}`;
      await run(["init", "--quiet", "--bare", "--template=", branch, target]);
    }
  }

  remove(repository: Repository): void {
    rmSync(this.pathOf(repository), { recursive: true, force: true });
  }

  /** Gives the repository another name, here and on disk. */
  rename(repository: Repository, name: string): void {
    const before = this.pathOf(repository);
    repository.name = name;
    renameSync(before, this.pathOf(repository));
  }

  /** Git in one repository. */
  in(repository: Repository): Git {
    return async (args, options = {}) => {
      const result = await execa("git", ["-C", this.pathOf(repository), ...args], {
        env: { ...environment, ...options.env },
        input: options.input ?? "",
        stripFinalNewline: false,
      });
      return result.stdout;
    };
  }

  /** The commit that a branch, tag, ref or SHA names; undefined if there is none. */
  async commitOf(repository: Repository, ref: string): Promise<string | undefined> {
    const git = this.in(repository);
    const isExact = /^[0-9a-f]{40}$|^refs\/|^HEAD$/.test(ref);
    const names = isExact ? [ref] : [`refs/heads/${ref}`, `refs/tags/${ref}`];
    // Of git's other ways to name a commit, GitHub knows a short SHA, and a ref without `refs/`.
    if (/^(heads|tags)\//.test(ref)) names.push(`refs/${ref}`);
    else if (/^[0-9a-f]{4,39}$/.test(ref)) names.push(ref);
    for (const name of names)
      try {
        return (await git(["rev-parse", "--verify", "--quiet", `${name}^{commit}`])).trim();
      } catch {
        // The next kind of name.
      }
    return undefined;
  }

  /** Whether it has no commit yet, on any branch. */
  async isEmpty(repository: Repository): Promise<boolean> {
    return (await this.refs(repository, "refs/heads/")).size === 0;
  }

  /** Whether git takes this as a ref's full name. */
  async isRefName(ref: string): Promise<boolean> {
    return (await execa("git", ["check-ref-format", ref], { reject: false })).exitCode === 0;
  }

  /** What an object is; undefined where there is none of this SHA. */
  async typeOf(repository: Repository, sha: string): Promise<string | undefined> {
    if (!/^[0-9a-f]{40}$/.test(sha)) return undefined;
    try {
      return (await this.in(repository)(["cat-file", "-t", sha])).trim();
    } catch {
      return undefined;
    }
  }

  /** The tree that a branch, tag or SHA of a commit or tree names; undefined if there is none. */
  async treeOf(repository: Repository, name: string): Promise<string | undefined> {
    if ((await this.typeOf(repository, name)) === "tree") return name;
    const commit = await this.commitOf(repository, name);
    return commit && (await this.in(repository)(["rev-parse", `${commit}^{tree}`])).trim();
  }

  /** The content of a blob that is there. */
  async blob(repository: Repository, sha: string): Promise<Buffer> {
    const { stdout } = await execa("git", ["-C", this.pathOf(repository), "cat-file", "blob", sha], {
      env: environment,
      encoding: "buffer",
      stripFinalNewline: false,
    });
    return Buffer.from(stdout);
  }

  /** A file's content in a commit; undefined if there is none. */
  async file(repository: Repository, commit: string, file: string): Promise<Buffer | undefined> {
    const result = await execa(
      "git",
      ["-C", this.pathOf(repository), "cat-file", "blob", `${commit}:${file}`],
      {
        env: environment,
        encoding: "buffer",
        stripFinalNewline: false,
        reject: false,
      },
    );
    return result.exitCode === 0 ? Buffer.from(result.stdout) : undefined;
  }

  /**
   * Moves a ref from one commit to another; `before` is where it must be, zeros for a ref that must not be
   * there. Gives whether it was.
   */
  async moveRef(repository: Repository, ref: string, before: string, after: string): Promise<boolean> {
    try {
      await this.in(repository)(
        after === zeros ? ["update-ref", "-d", ref, before] : ["update-ref", ref, after, before],
      );
      return true;
    } catch {
      return false;
    }
  }

  /** Makes a branch the default one where the repository's default branch is not there. */
  async adoptBranch(repository: Repository, ref: string): Promise<void> {
    if (await this.commitOf(repository, `refs/heads/${repository.defaultBranch}`)) return;
    repository.defaultBranch = ref.slice("refs/heads/".length);
    await this.in(repository)(["symbolic-ref", "HEAD", ref]);
  }

  /** All refs below a prefix such as `refs/heads/`, as ref to commit. */
  async refs(repository: Repository, prefix: string): Promise<Map<string, string>> {
    const output = await this.in(repository)(["for-each-ref", "--format=%(refname) %(objectname)", prefix]);
    return new Map(
      output
        .split("\n")
        .filter(Boolean)
        .map((line) => line.split(" ") as [string, string]),
    );
  }
}
