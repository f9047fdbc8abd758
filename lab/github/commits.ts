import type { FastifyInstance, FastifyRequest } from "fastify";
import { createHash } from "node:crypto";
import { emptyRepository, notFound, unprocessable } from "./errors.ts";
import { changedFiles, type ChangedFile, mergeBase, webFlow } from "./merging.ts";
import { page } from "./pagination.ts";
import type { Context } from "./server.ts";
import { fullName, nodeId, type Repository } from "./state.ts";
import { sees } from "./tokens.ts";
import { userJson } from "./users.ts";

/** A commit as git has it. */
export interface Commit {
  sha: string;
  tree: string;
  parents: string[];
  author: { name: string; email: string; date: string };
  committer: { name: string; email: string; date: string };
  message: string;
}

const format = ["%H", "%T", "%P", "%an", "%ae", "%aI", "%cn", "%ce", "%cI", "%B"].join("%x00") + "%x01";

const utc = (date: string) => new Date(date).toISOString().replace(/\.\d+Z$/, "Z");

/** Commits of a `git log` with these arguments, newest first. */
export async function log({ git }: Context, repository: Repository, args: string[]): Promise<Commit[]> {
  const output = await git.in(repository)(["log", `--format=${format}`, ...args]);
  return output
    .split("\x01\n")
    .filter((record) => record.trim() !== "")
    .map((record) => {
      const [sha, tree, parents, an, ae, ad, cn, ce, cd, message] = record.split("\0") as string[];
      return {
        sha: sha as string,
        tree: tree as string,
        parents: (parents as string).split(" ").filter(Boolean),
        author: { name: an as string, email: ae as string, date: utc(ad as string) },
        committer: { name: cn as string, email: ce as string, date: utc(cd as string) },
        message: (message as string).replace(/\n+$/, ""),
      };
    });
}

/** One commit; fails with 404 where the ref names none. */
export async function commitAt(context: Context, repository: Repository, ref: string): Promise<Commit> {
  const sha = await context.git.commitOf(repository, ref);
  const [commit] = sha ? await log(context, repository, ["-1", sha]) : [];
  if (!commit) throw notFound();
  return commit;
}

/** GitHub signs what it commits itself; nothing else here is signed. */
const verificationOf = ({ committer }: Commit) => {
  const verified = committer.name === webFlow.name && committer.email === webFlow.email;
  return {
    verified,
    reason: verified ? "valid" : "unsigned",
    signature: null,
    payload: null,
    verified_at: verified ? committer.date : null,
  };
};

const self = ({ api }: Context, repository: Repository) => `${api}/repos/${fullName(repository)}`;

/** A commit as the git data API shows it. */
export function gitCommitJson(context: Context, repository: Repository, commit: Commit) {
  const at = self(context, repository);
  const html = `${context.url}/${fullName(repository)}/commit`;
  return {
    sha: commit.sha,
    node_id: nodeId(`Commit${commit.sha.slice(0, 12)}`, repository.id),
    url: `${at}/git/commits/${commit.sha}`,
    html_url: `${html}/${commit.sha}`,
    author: commit.author,
    committer: commit.committer,
    tree: { sha: commit.tree, url: `${at}/git/trees/${commit.tree}` },
    message: commit.message,
    parents: commit.parents.map((sha) => ({
      sha,
      url: `${at}/git/commits/${sha}`,
      html_url: `${html}/${sha}`,
    })),
    verification: verificationOf(commit),
  };
}

/** A commit as the repository's commits show it. */
export function commitJson(context: Context, repository: Repository, commit: Commit) {
  const at = self(context, repository);
  const html = `${context.url}/${fullName(repository)}/commit`;
  const user = (email: string) => {
    const found = context.state.data.users.find((one) => one.email === email);
    return found ? userJson(context, found) : null;
  };
  const { author, committer, message, parents, sha, tree } = commit;
  return {
    url: `${at}/commits/${sha}`,
    sha,
    node_id: nodeId(`Commit${sha.slice(0, 12)}`, repository.id),
    html_url: `${html}/${sha}`,
    comments_url: `${at}/commits/${sha}/comments`,
    commit: {
      url: `${at}/git/commits/${sha}`,
      author,
      committer,
      message,
      tree: { sha: tree, url: `${at}/git/trees/${tree}` },
      comment_count: 0,
      verification: verificationOf(commit),
    },
    author: user(author.email),
    committer: user(committer.email),
    parents: parents.map((parent) => ({
      sha: parent,
      url: `${at}/commits/${parent}`,
      html_url: `${html}/${parent}`,
    })),
  };
}

/** A changed file as the API shows it ("Diff Entry"), of the commit that it was changed to. */
export function fileJson(context: Context, repository: Repository, commit: string, file: ChangedFile) {
  const name = encodeURIComponent(file.filename);
  const html = `${context.url}/${fullName(repository)}`;
  return {
    ...file,
    blob_url: `${html}/blob/${commit}/${name}`,
    raw_url: `${html}/raw/${commit}/${name}`,
    contents_url: `${self(context, repository)}/contents/${name}?ref=${commit}`,
  };
}

const emptyTree = createHash("sha1").update("tree 0\0").digest("hex");

export function commitRoutes(app: FastifyInstance, context: Context): void {
  const { git } = context;

  app.get<{ Querystring: { sha?: string; path?: string; since?: string; until?: string } }>(
    "/repos/:owner/:repo/commits",
    async (request, reply) => {
      const repository = context.allowed(request, "contents", "read");
      const { sha, path, since, until } = request.query;
      const start = await git.commitOf(repository, sha ?? repository.defaultBranch);
      if (!start) throw (await git.isEmpty(repository)) ? emptyRepository() : notFound();
      const dates = [...(since ? [`--since=${since}`] : []), ...(until ? [`--until=${until}`] : [])];
      const found = await log(context, repository, [...dates, start, ...(path ? ["--", path] : [])]);
      return page(request, reply, context.url, found).map((commit) =>
        commitJson(context, repository, commit),
      );
    },
  );

  app.get<{ Params: { "*": string } }>("/repos/:owner/:repo/commits/*", async (request, reply) => {
    const repository = context.allowed(request, "contents", "read");
    const ref = decodeURIComponent(request.params["*"]);
    if (!(await git.commitOf(repository, ref))) throw unprocessable(`No commit found for SHA: ${ref}`);
    const commit = await commitAt(context, repository, ref);
    if (/\.sha$/.test(request.headers.accept ?? "")) return reply.type("text/plain").send(commit.sha);
    const files = await changedFiles(git.in(repository), commit.parents[0] ?? emptyTree, commit.sha);
    const sum = (of: "additions" | "deletions") => files.reduce((total, file) => total + file[of], 0);
    const [additions, deletions] = [sum("additions"), sum("deletions")];
    return {
      ...commitJson(context, repository, commit),
      stats: { additions, deletions, total: additions + deletions },
      files: files.map((file) => fileJson(context, repository, commit.sha, file)),
    };
  });

  /** A side of a comparison: `branch`, or `owner:branch` of a repository in the same network of forks. */
  const sideOf = async (request: FastifyRequest, repository: Repository, side: string): Promise<Commit> => {
    const [owner, ref] = side.includes(":") ? (side.split(":", 2) as [string, string]) : [undefined, side];
    if (owner === undefined) return commitAt(context, repository, ref);
    const rootOf = ({ id, parent }: Repository) => parent ?? id;
    const other = context.state.data.repositories.find(
      (one) => one.owner.toLowerCase() === owner.toLowerCase() && rootOf(one) === rootOf(repository),
    );
    if (!other || !sees(request.actor, other, context.state)) throw notFound();
    const { sha } = await commitAt(context, other, ref);
    if (other !== repository) {
      const listed = ["for-each-ref", "--contains", sha, "--count=1", "--format=%(refname)", "refs/heads/"];
      const branch = (await git.in(other)(listed)).trim();
      if (!branch) throw notFound();
      await git.in(repository)(["fetch", "--quiet", "--no-tags", git.pathOf(other), branch]);
    }
    return commitAt(context, repository, sha);
  };

  app.get<{ Params: { "*": string } }>("/repos/:owner/:repo/compare/*", async (request) => {
    const repository = context.allowed(request, "contents", "read");
    const [from = "", to = ""] = decodeURIComponent(request.params["*"]).split("...");
    const base = await sideOf(request, repository, from);
    const head = await sideOf(request, repository, to);
    const run = git.in(repository);
    const meeting = await mergeBase(run, base.sha, head.sha);
    if (!meeting) throw notFound();
    const ahead = (await log(context, repository, ["--reverse", `${base.sha}..${head.sha}`])) as Commit[];
    const behind = Number(await run(["rev-list", "--count", `${head.sha}..${base.sha}`]));
    const at = `${self(context, repository)}/compare/${from}...${to}`;
    const html = `${context.url}/${fullName(repository)}/compare/${from}...${to}`;
    return {
      url: at,
      html_url: html,
      permalink_url: html,
      diff_url: `${html}.diff`,
      patch_url: `${html}.patch`,
      base_commit: commitJson(context, repository, base),
      merge_base_commit: commitJson(context, repository, await commitAt(context, repository, meeting)),
      status: ahead.length === 0 ? (behind ? "behind" : "identical") : behind ? "diverged" : "ahead",
      ahead_by: ahead.length,
      behind_by: behind,
      total_commits: ahead.length,
      commits: ahead.map((commit) => commitJson(context, repository, commit)),
      files: (await changedFiles(run, meeting, head.sha)).map((file) =>
        fileJson(context, repository, head.sha, file),
      ),
    };
  });
}
