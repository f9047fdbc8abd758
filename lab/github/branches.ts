import type { FastifyInstance } from "fastify";
import { GitHubError } from "./errors.ts";
import { commitAt, commitJson } from "./commits.ts";
import { zeros } from "./git.ts";
import { tellPush } from "./newCommit.ts";
import { page } from "./pagination.ts";
import type { Context } from "./server.ts";
import { fullName, type Repository } from "./state.ts";

export function branchRoutes(app: FastifyInstance, context: Context): void {
  const { git, state } = context;
  const at = (repository: Repository) => `${context.api}/repos/${fullName(repository)}`;

  app.get("/repos/:owner/:repo/branches", async (request, reply) => {
    const repository = context.allowed(request, "contents", "read");
    const all = [...(await git.refs(repository, "refs/heads/"))].map(([ref, sha]) => ({
      name: ref.slice("refs/heads/".length),
      commit: { sha, url: `${at(repository)}/commits/${sha}` },
      protected: false,
    }));
    return page(request, reply, context.url, all);
  });

  const branchJson = async (repository: Repository, name: string) => {
    if (!(await git.commitOf(repository, `refs/heads/${name}`)))
      throw new GitHubError(404, "Branch not found");
    const url = `${at(repository)}/branches/${encodeURIComponent(name)}`;
    return {
      name,
      commit: commitJson(context, repository, await commitAt(context, repository, `refs/heads/${name}`)),
      _links: { self: url, html: `${context.url}/${fullName(repository)}/tree/${name}` },
      protected: false,
      protection: {
        enabled: false,
        required_status_checks: { enforcement_level: "off", contexts: [], checks: [] },
      },
      protection_url: `${url}/protection`,
    };
  };
  app.get<{ Params: { "*": string } }>("/repos/:owner/:repo/branches/*", async (request) =>
    branchJson(context.allowed(request, "contents", "read"), decodeURIComponent(request.params["*"])),
  );
  app.post<{ Params: { branch: string }; Body: { new_name: string } }>(
    "/repos/:owner/:repo/branches/:branch/rename",
    async (request, reply) => {
      const repository = context.allowed(request, "administration", "write");
      const { branch } = request.params;
      const { new_name: name } = request.body;
      const commit = await git.commitOf(repository, `refs/heads/${branch}`);
      if (!commit) throw new GitHubError(404, "Branch not found");
      await git.moveRef(repository, `refs/heads/${name}`, zeros, commit);
      await git.moveRef(repository, `refs/heads/${branch}`, commit, zeros);
      if (repository.defaultBranch === branch) {
        repository.defaultBranch = name;
        await git.in(repository)(["symbolic-ref", "HEAD", `refs/heads/${name}`]);
      }
      state.save();
      return reply.code(201).send(await branchJson(repository, name));
    },
  );
  app.get("/repos/:owner/:repo/tags", async (request, reply) => {
    const repository = context.allowed(request, "contents", "read");
    const all = [...(await git.refs(repository, "refs/tags/"))].map(([ref, sha]) => {
      const name = ref.slice("refs/tags/".length);
      return {
        name,
        commit: { sha, url: `${at(repository)}/commits/${sha}` },
        zipball_url: `${at(repository)}/zipball/${ref}`,
        tarball_url: `${at(repository)}/tarball/${ref}`,
        node_id: name,
      };
    });
    return page(request, reply, context.url, all);
  });
  app.post<{ Params: { "*": string } }>("/repos/:owner/:repo/merge-upstream", async (request) => {
    const repository = context.allowed(request, "contents", "write");
    const parent = repository.parent === undefined ? undefined : state.repositoryById(repository.parent);
    const { branch } = request.body as { branch: string };
    if (!parent) throw new GitHubError(422, "This repository is not a fork");
    const before = (await git.commitOf(repository, `refs/heads/${branch}`)) ?? zeros;
    await git.in(repository)([
      "fetch",
      "--quiet",
      git.pathOf(parent),
      `refs/heads/${branch}:refs/heads/${branch}`,
    ]);
    const after = (await git.commitOf(repository, `refs/heads/${branch}`)) as string;
    if (before !== after)
      await tellPush(context, repository, `refs/heads/${branch}`, before, after, request.actor);
    return {
      message: "Successfully fetched and fast-forwarded",
      merge_type: "fast-forward",
      base_branch: `${parent.owner}:${branch}`,
    };
  });
}
