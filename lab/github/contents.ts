import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { GitHubError, notFound, unprocessable } from "./errors.ts";
import { commitAt, gitCommitJson } from "./commits.ts";
import { commitFiles, identityOf } from "./newCommit.ts";
import { readBody } from "./requests.ts";
import type { Context } from "./server.ts";
import { fullName, type Repository } from "./state.ts";
import { mayWriteWorkflows, touchesWorkflows, workflowsRefused } from "./workflowFiles.ts";

interface Entry {
  mode: string;
  type: string;
  sha: string;
  size: number;
  path: string;
}

/** What a commit has at a path: entries of a folder, or the one file. */
async function entriesAt(
  { git }: Context,
  repository: Repository,
  commit: string,
  path: string,
): Promise<Entry[] | Entry | undefined> {
  const run = git.in(repository);
  const read = async (args: string[]): Promise<Entry[]> =>
    (await run(["ls-tree", "-z", "--long", ...args]))
      .split("\0")
      .filter(Boolean)
      .map((line) => {
        const [meta, name] = line.split("\t") as [string, string];
        const [mode, type, sha, size] = meta.split(/\s+/) as [string, string, string, string];
        return { mode, type, sha, size: Number(size) || 0, path: name };
      });
  if (path === "") return read([commit]);
  const [entry] = await read([commit, "--", path]);
  if (!entry) return undefined;
  return entry.type === "tree" ? read([commit, "--", `${path}/`]) : entry;
}

function entryJson({ api, url }: Context, repository: Repository, ref: string, entry: Entry) {
  const at = `${api}/repos/${fullName(repository)}`;
  const self = `${at}/contents/${entry.path.split("/").map(encodeURIComponent).join("/")}?ref=${encodeURIComponent(ref)}`;
  const git = `${at}/git/${entry.type === "tree" ? "trees" : "blobs"}/${entry.sha}`;
  const html = `${url}/${fullName(repository)}/${entry.type === "tree" ? "tree" : "blob"}/${ref}/${entry.path}`;
  return {
    name: entry.path.split("/").at(-1) as string,
    path: entry.path,
    sha: entry.sha,
    size: entry.size,
    url: self,
    html_url: html,
    git_url: git,
    download_url: entry.type === "tree" ? null : `${url}/raw/${fullName(repository)}/${ref}/${entry.path}`,
    type: entry.type === "tree" ? "dir" : "file",
    _links: { self, git, html },
  };
}

const identitySchema = z.object({ name: z.string(), email: z.string() });
const deletionSchema = z.object({
  message: z.string().min(1),
  sha: z.string().optional(),
  branch: z.string().optional(),
  author: identitySchema.optional(),
  committer: identitySchema.optional(),
});
const writeSchema = deletionSchema.extend({ content: z.string() });
type Change = z.infer<typeof deletionSchema>;

/** Content of files larger than this is given to who asks for it raw only. */
const largestInline = 1024 * 1024;

export function contentRoutes(app: FastifyInstance, context: Context): void {
  const { git } = context;
  type Route = { Params: { "*": string }; Querystring: { ref?: string } };
  const pathOf = (request: FastifyRequest) =>
    decodeURIComponent((request.params as Route["Params"])["*"]).replace(/^\/+|\/+$/g, "");

  const read = async (request: FastifyRequest, path: string, wanted: string | undefined, raw: boolean) => {
    const repository = context.allowed(request, "contents", "read");
    const ref = wanted ?? repository.defaultBranch;
    const commit = await git.commitOf(repository, ref);
    if (!commit)
      throw wanted
        ? new GitHubError(404, `No commit found for the ref ${ref}`)
        : new GitHubError(404, "This repository is empty.");
    const found = await entriesAt(context, repository, commit, path);
    if (!found) throw notFound();
    if (Array.isArray(found)) return found.map((entry) => entryJson(context, repository, ref, entry));
    const content = (await git.file(repository, commit, path)) as Buffer;
    if (raw) return content;
    if (content.length > largestInline)
      return { ...entryJson(context, repository, ref, found), encoding: "none", content: "" };
    const base64 = content.toString("base64").replace(/.{60}/g, "$&\n");
    return {
      ...entryJson(context, repository, ref, found),
      encoding: "base64",
      content: base64 && `${base64}\n`,
    };
  };
  const isRaw = (accept = "") => /\.raw/.test(accept);

  app.get<Route>("/repos/:owner/:repo/contents/*", async (request, reply) => {
    const raw = isRaw(request.headers.accept);
    const found = await read(request, pathOf(request), request.query.ref, raw);
    return Buffer.isBuffer(found)
      ? reply.type("application/vnd.github.raw+json; charset=utf-8").send(found)
      : found;
  });
  app.get<Route>("/repos/:owner/:repo/contents", async (request) =>
    read(request, "", request.query.ref, false),
  );

  /** The repository, if the actor may write to this path; else GitHub's answer, whatever the body says. */
  const writable = (request: FastifyRequest, path: string): Repository => {
    const repository = context.allowed(request, "contents", "write");
    if (touchesWorkflows([path]) && !mayWriteWorkflows(context, request.actor, repository))
      throw workflowsRefused(request.actor);
    if (path.split("/").some((part) => ["", ".", "..", ".git"].includes(part)))
      throw unprocessable("path contains a malformed path component");
    return repository;
  };

  /** One file's change on one branch, checked against the blob that the client saw. */
  const change = async (
    request: FastifyRequest,
    repository: Repository,
    path: string,
    body: Change,
    content: Buffer | undefined,
  ) => {
    const branch = body.branch ?? repository.defaultBranch;
    const head = await git.commitOf(repository, `refs/heads/${branch}`);
    if (!head && (branch !== repository.defaultBranch || !(await git.isEmpty(repository))))
      throw new GitHubError(404, `Branch ${branch} not found`);
    const before = head ? await entriesAt(context, repository, head, path) : undefined;
    if (Array.isArray(before)) throw unprocessable(`${path} is a directory`);
    if (content === undefined && !before) throw notFound();
    if (before && !body.sha) throw unprocessable('Invalid request.\n\n"sha" wasn\'t supplied.');
    if (body.sha && before?.sha !== body.sha)
      throw new GitHubError(409, `${path} does not match ${body.sha}`);
    const sha = await commitFiles(context, repository, {
      branch,
      files: { [path]: content },
      message: body.message,
      author: body.author ?? body.committer ?? identityOf(request.actor),
      committer: body.committer,
      actor: request.actor,
    });
    const commit = gitCommitJson(context, repository, await commitAt(context, repository, sha));
    const after =
      content === undefined ? undefined : ((await entriesAt(context, repository, sha, path)) as Entry);
    return {
      created: !before,
      answer: { content: after ? entryJson(context, repository, branch, after) : null, commit },
    };
  };

  app.put<Route>("/repos/:owner/:repo/contents/*", async (request, reply) => {
    const path = pathOf(request);
    const repository = writable(request, path);
    const body = readBody(writeSchema, request);
    if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(body.content)) throw unprocessable("content is not valid Base64");
    const content = Buffer.from(body.content, "base64");
    const { created, answer } = await change(request, repository, path, body, content);
    return reply.code(created ? 201 : 200).send(answer);
  });

  app.delete<Route>("/repos/:owner/:repo/contents/*", async (request) => {
    const path = pathOf(request);
    const repository = writable(request, path);
    // Clients that send no body with DELETE have it in the query.
    request.body = { ...request.query, ...(request.body as object | undefined) };
    return (await change(request, repository, path, readBody(deletionSchema, request), undefined)).answer;
  });
}
