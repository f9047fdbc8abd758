import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { commitAt, gitCommitJson } from "./commits.ts";
import { emptyRepository, notFound, unprocessable } from "./errors.ts";
import { webFlow } from "./merging.ts";
import { identityOf, type TreeChange, writeBlob, writeCommit, writeTree } from "./newCommit.ts";
import { apiOf, readBody } from "./requests.ts";
import type { Context } from "./server.ts";
import { nodeId, type Repository } from "./state.ts";
import { mayWriteWorkflows, touchesWorkflows, workflowsRefused } from "./workflowFiles.ts";

const blobSchema = z.object({
  content: z.string(),
  encoding: z.enum(["utf-8", "base64"]).default("utf-8"),
});
const treeSchema = z.object({
  base_tree: z.string().optional(),
  tree: z.array(
    z.object({
      path: z.string().min(1),
      mode: z.enum(["100644", "100755", "120000", "160000", "040000"]),
      type: z.enum(["blob", "tree", "commit"]).optional(),
      sha: z.string().nullish(),
      content: z.string().optional(),
    }),
  ),
});
const identitySchema = z.object({ name: z.string(), email: z.string(), date: z.string().optional() });
const commitSchema = z.object({
  message: z.string(),
  tree: z.string(),
  parents: z.array(z.string()).default([]),
  author: identitySchema.optional(),
  committer: identitySchema.optional(),
});

/** Blobs, trees and commits, as git has them. */
export function gitDataRoutes(app: FastifyInstance, context: Context): void {
  const { git } = context;
  const base = "/repos/:owner/:repo/git";
  const at = (repository: Repository) => `${apiOf(context, repository)}/git`;
  const checkNotEmpty = async (repository: Repository) => {
    if (await git.isEmpty(repository)) throw emptyRepository();
  };

  app.post(`${base}/blobs`, async (request, reply) => {
    const repository = context.allowed(request, "contents", "write");
    const { content, encoding } = readBody(blobSchema, request);
    await checkNotEmpty(repository);
    const sha = await writeBlob(
      context,
      repository,
      Buffer.from(content, encoding === "base64" ? "base64" : "utf8"),
    );
    return reply.code(201).send({ url: `${at(repository)}/blobs/${sha}`, sha });
  });

  app.get<{ Params: { sha: string } }>(`${base}/blobs/:sha`, async (request) => {
    const repository = context.allowed(request, "contents", "read");
    const { sha } = request.params;
    if ((await git.typeOf(repository, sha)) !== "blob") throw notFound();
    const content = await git.blob(repository, sha);
    return {
      sha,
      node_id: nodeId(`Blob${sha.slice(0, 12)}`, repository.id),
      size: content.length,
      url: `${at(repository)}/blobs/${sha}`,
      content: content.toString("base64"),
      encoding: "base64",
    };
  });

  const treeJson = async (repository: Repository, sha: string, recursive: boolean) => {
    const options = recursive ? ["-r", "-t"] : [];
    const listed = await git.in(repository)(["ls-tree", "-z", "--long", ...options, sha]);
    const tree = listed
      .split("\0")
      .filter(Boolean)
      .map((line) => {
        const [meta, path] = line.split("\t") as [string, string];
        const [mode, type, id, size] = meta.split(/\s+/) as [string, string, string, string];
        return {
          path,
          mode,
          type,
          sha: id,
          ...(type === "blob" ? { size: Number(size) } : {}),
          url: `${at(repository)}/${type}s/${id}`,
        };
      });
    return { sha, url: `${at(repository)}/trees/${sha}`, tree, truncated: false };
  };

  app.get<{ Params: { "*": string }; Querystring: { recursive?: string } }>(
    `${base}/trees/*`,
    async (request) => {
      const repository = context.allowed(request, "contents", "read");
      if (await git.isEmpty(repository)) throw emptyRepository();
      const sha = await git.treeOf(repository, decodeURIComponent(request.params["*"]));
      if (!sha) throw notFound();
      return treeJson(repository, sha, request.query.recursive !== undefined);
    },
  );

  app.post(`${base}/trees`, async (request, reply) => {
    const repository = context.allowed(request, "contents", "write");
    const { base_tree: given, tree } = readBody(treeSchema, request);
    if (
      touchesWorkflows(tree.map(({ path }) => path)) &&
      !mayWriteWorkflows(context, request.actor, repository)
    )
      throw workflowsRefused(request.actor);
    await checkNotEmpty(repository);
    const baseTree = given === undefined ? undefined : await git.treeOf(repository, given);
    if (given !== undefined && !baseTree) throw unprocessable("base_tree is not a valid tree oid");
    const changes: TreeChange[] = [];
    for (const { path, mode, sha, content } of tree) {
      if (content !== undefined && sha) throw unprocessable("Must supply either tree.sha or tree.content");
      if (mode === "040000" || mode === "160000")
        throw unprocessable(`tree.mode ${mode}: the lab's GitHub takes files and links only`);
      if (sha && (await git.typeOf(repository, sha)) !== "blob")
        throw unprocessable(`tree.sha ${sha} is not a valid blob`);
      if (content === undefined && sha === undefined)
        throw unprocessable("Must supply either tree.sha or tree.content");
      const blob = content === undefined ? sha : await writeBlob(context, repository, Buffer.from(content));
      changes.push({ path, mode, sha: blob ?? null });
    }
    const sha = await writeTree(context, repository, baseTree, changes);
    return reply.code(201).send(await treeJson(repository, sha, false));
  });

  app.get<{ Params: { sha: string } }>(`${base}/commits/:sha`, async (request) => {
    const repository = context.allowed(request, "contents", "read");
    const { sha } = request.params;
    if ((await git.typeOf(repository, sha)) !== "commit") throw notFound();
    return gitCommitJson(context, repository, await commitAt(context, repository, sha));
  });

  app.post(`${base}/commits`, async (request, reply) => {
    const repository = context.allowed(request, "contents", "write");
    const { message, tree, parents, author, committer } = readBody(commitSchema, request);
    await checkNotEmpty(repository);
    if ((await git.typeOf(repository, tree)) !== "tree") throw unprocessable("Tree SHA does not exist");
    for (const parent of parents)
      if ((await git.typeOf(repository, parent)) !== "commit")
        throw unprocessable("Parent SHA does not exist or is not a commit object");
    // What a bot commits in nobody's name is GitHub's own commit, and signed by it.
    const isBot = request.actor?.token.kind === "installation";
    const who = author ?? identityOf(request.actor);
    const sha = await writeCommit(context, repository, {
      tree,
      parents,
      message,
      author: who,
      committer: committer ?? (isBot && !author ? webFlow : who),
    });
    return reply.code(201).send(gitCommitJson(context, repository, await commitAt(context, repository, sha)));
  });
}
