import type { FastifyInstance } from "fastify";
import { notFound, unprocessable } from "./errors.ts";
import { commitAt, gitCommitJson } from "./commits.ts";
import { zeros } from "./git.ts";
import { contains, type Identity, webFlow } from "./merging.ts";
import { identityOf, tellPush, type TreeChange, writeBlob, writeCommit, writeTree } from "./newCommit.ts";
import type { Context } from "./server.ts";
import { fullName, nodeId, type Repository } from "./state.ts";
import { checkWorkflows, mayWriteWorkflows, touchesWorkflows, workflowsRefused } from "./workflowFiles.ts";

interface TreeBody {
  base_tree?: string;
  tree?: { path?: string; mode?: string; type?: string; sha?: string | null; content?: string }[];
}

export function gitDataRoutes(app: FastifyInstance, context: Context): void {
  const { git } = context;
  const at = (repository: Repository) => `${context.api}/repos/${fullName(repository)}/git`;
  const typeOf = async (repository: Repository, sha: string) =>
    (
      await git
        .in(repository)(["cat-file", "-t", sha])
        .catch(() => "")
    ).trim();

  const refJson = (repository: Repository, ref: string, sha: string) => ({
    ref,
    node_id: nodeId(ref, repository.id),
    url: `${at(repository)}/${ref}`,
    object: { sha, type: "commit", url: `${at(repository)}/commits/${sha}` },
  });

  app.post<{ Body: { content: string; encoding?: string } }>(
    "/repos/:owner/:repo/git/blobs",
    async (request, reply) => {
      const repository = context.allowed(request, "contents", "write");
      const { content, encoding } = request.body;
      const sha = await writeBlob(
        context,
        repository,
        Buffer.from(content, encoding === "base64" ? "base64" : "utf8"),
      );
      return reply.code(201).send({ url: `${at(repository)}/blobs/${sha}`, sha });
    },
  );
  app.get<{ Params: { sha: string } }>("/repos/:owner/:repo/git/blobs/:sha", async (request) => {
    const repository = context.allowed(request, "contents", "read");
    const { sha } = request.params;
    if (!/^[0-9a-f]{40}$/.test(sha) || (await typeOf(repository, sha)) !== "blob") throw notFound();
    const text = await git.in(repository)(["cat-file", "blob", sha]);
    const content = Buffer.from(text);
    return {
      sha,
      node_id: nodeId("Blob", repository.id),
      size: content.length,
      url: `${at(repository)}/blobs/${sha}`,
      content: content.toString("base64"),
      encoding: "base64",
    };
  });

  app.get<{ Params: { "*": string }; Querystring: { recursive?: string } }>(
    "/repos/:owner/:repo/git/trees/*",
    async (request) => {
      const repository = context.allowed(request, "contents", "read");
      const wanted = decodeURIComponent(request.params["*"]);
      const name = (await git.commitOf(repository, wanted)) ?? wanted;
      const run = git.in(repository);
      const sha = (await run(["rev-parse", "--verify", "--quiet", `${name}^{tree}`]).catch(() => "")).trim();
      if (!sha) throw notFound();
      const listed = await run([
        "ls-tree",
        "-z",
        "--long",
        ...(request.query.recursive ? ["-r", "-t"] : []),
        sha,
      ]);
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
    },
  );
  app.post<{ Body: TreeBody }>("/repos/:owner/:repo/git/trees", async (request, reply) => {
    const repository = context.allowed(request, "contents", "write");
    const { base_tree: base, tree = [] } = request.body;
    const entries = tree.map((entry) => {
      if (!entry.path || !entry.mode) throw unprocessable("Must supply tree.path and tree.mode");
      return { ...entry, path: entry.path, mode: entry.mode };
    });
    if (
      touchesWorkflows(entries.map(({ path }) => path)) &&
      !mayWriteWorkflows(context, request.actor, repository)
    )
      throw workflowsRefused(request.actor);
    const changes: TreeChange[] = await Promise.all(
      entries.map(async ({ path, mode, sha, content }) => ({
        path,
        mode,
        sha:
          content === undefined ? (sha ?? null) : await writeBlob(context, repository, Buffer.from(content)),
      })),
    );
    if (
      base &&
      !(await git
        .in(repository)(["rev-parse", "--verify", "--quiet", `${base}^{tree}`])
        .catch(() => ""))
    )
      throw unprocessable("base_tree is not a valid tree oid");
    const sha = await writeTree(context, repository, base, changes);
    const listed = changes
      .filter((change) => change.sha)
      .map(({ path, mode, sha }) => ({ path, mode, sha, type: "blob" }));
    return reply
      .code(201)
      .send({ sha, url: `${at(repository)}/trees/${sha}`, tree: listed, truncated: false });
  });

  app.get<{ Params: { sha: string } }>("/repos/:owner/:repo/git/commits/:sha", async (request) => {
    const repository = context.allowed(request, "contents", "read");
    if (!/^[0-9a-f]{40}$/.test(request.params.sha)) throw notFound();
    return gitCommitJson(context, repository, await commitAt(context, repository, request.params.sha));
  });
  app.post<{
    Body: {
      message: string;
      tree: string;
      parents?: string[];
      author?: Identity & { date?: string };
      committer?: Identity & { date?: string };
    };
  }>("/repos/:owner/:repo/git/commits", async (request, reply) => {
    const repository = context.allowed(request, "contents", "write");
    const { message, tree, parents = [], author, committer } = request.body;
    if ((await typeOf(repository, tree)) !== "tree") throw unprocessable("Tree SHA does not exist");
    for (const parent of parents)
      if ((await typeOf(repository, parent)) !== "commit")
        throw unprocessable("Parent SHA does not exist or is not a commit object");
    const who = author ?? identityOf(request.actor);
    const sha = await writeCommit(context, repository, {
      tree,
      parents,
      message,
      author: who,
      committer: committer ?? (author ? who : webFlow),
    });
    return reply.code(201).send(gitCommitJson(context, repository, await commitAt(context, repository, sha)));
  });

  type RefRoute = { Params: { "*": string } };
  const refOf = (params: { "*": string }) => `refs/${decodeURIComponent(params["*"])}`;
  app.get<RefRoute>("/repos/:owner/:repo/git/ref/*", async (request) => {
    const repository = context.allowed(request, "contents", "read");
    const ref = refOf(request.params);
    const sha = (await git.refs(repository, ref)).get(ref);
    if (!sha) throw notFound();
    return refJson(repository, ref, sha);
  });
  app.get<RefRoute>("/repos/:owner/:repo/git/matching-refs/*", async (request) => {
    const repository = context.allowed(request, "contents", "read");
    const prefix = refOf(request.params);
    const all = await git.refs(repository, "refs/");
    return [...all]
      .filter(([ref]) => ref.startsWith(prefix))
      .map(([ref, sha]) => refJson(repository, ref, sha));
  });

  app.post<{ Body: { ref?: string; sha?: string } }>(
    "/repos/:owner/:repo/git/refs",
    async (request, reply) => {
      const repository = context.allowed(request, "contents", "write");
      const { ref, sha } = request.body;
      if (!ref?.startsWith("refs/") || ref.split("/").length < 3)
        throw unprocessable("Reference name must start with 'refs/'");
      if (!sha || (await typeOf(repository, sha)) !== "commit") throw unprocessable("Object does not exist");
      await checkWorkflows(context, request.actor, repository, sha);
      if (!(await git.moveRef(repository, ref, zeros, sha))) throw unprocessable("Reference already exists");
      await tellPush(context, repository, ref, zeros, sha, request.actor);
      return reply.code(201).send(refJson(repository, ref, sha));
    },
  );
  app.patch<RefRoute & { Body: { sha?: string; force?: boolean } }>(
    "/repos/:owner/:repo/git/refs/*",
    async (request) => {
      const repository = context.allowed(request, "contents", "write");
      const ref = refOf(request.params);
      const { sha, force } = request.body;
      const before = (await git.refs(repository, ref)).get(ref);
      if (!before) throw unprocessable("Reference does not exist");
      if (!sha || (await typeOf(repository, sha)) !== "commit") throw unprocessable("Object does not exist");
      await checkWorkflows(context, request.actor, repository, sha);
      if (!force && !(await contains(git.in(repository), sha, before)))
        throw unprocessable("Update is not a fast forward");
      if (before !== sha) {
        if (!(await git.moveRef(repository, ref, before, sha)))
          throw unprocessable("Update is not a fast forward");
        await tellPush(context, repository, ref, before, sha, request.actor);
      }
      return refJson(repository, ref, sha);
    },
  );
  app.delete<RefRoute>("/repos/:owner/:repo/git/refs/*", async (request, reply) => {
    const repository = context.allowed(request, "contents", "write");
    const ref = refOf(request.params);
    const before = (await git.refs(repository, ref)).get(ref);
    if (!before || !(await git.moveRef(repository, ref, before, zeros)))
      throw unprocessable("Reference does not exist");
    await tellPush(context, repository, ref, before, zeros, request.actor);
    return reply.code(204).send();
  });
}
