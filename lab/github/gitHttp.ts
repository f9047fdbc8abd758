import { spawn } from "node:child_process";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { execa } from "execa";
import { GitHubError } from "./errors.ts";
import { zeros } from "./git.ts";
import { type Push, readPush, refuse, type Update } from "./gitProtocol.ts";
import { tellPush } from "./newCommit.ts";
import type { Context } from "./server.ts";
import type { Repository } from "./state.ts";
import { type Actor, may, sees } from "./tokens.ts";
import { mayWriteWorkflows, newWorkflowFile, pushRefused } from "./workflowFiles.ts";

const plain = (reply: FastifyReply, status: number, text: string) =>
  reply.code(status).type("text/plain").header("cache-control", "no-cache").send(text);

const askForToken = (reply: FastifyReply, text: string) =>
  plain(reply.header("www-authenticate", 'Basic realm="GitHub"'), 401, text);

/** Any commit may be fetched by its SHA; what a pull request points to is nobody's to push. */
const settings = {
  "http.receivepack": "true",
  "uploadpack.allowAnySHA1InWant": "true",
  "receive.hideRefs": "refs/pull",
  "gc.auto": "0",
};
const settingsEnvironment = Object.fromEntries([
  ["GIT_CONFIG_COUNT", String(Object.keys(settings).length)],
  ...Object.entries(settings).flatMap(([name, value], i) => [
    [`GIT_CONFIG_KEY_${i}`, name],
    [`GIT_CONFIG_VALUE_${i}`, value],
  ]),
]) as Record<string, string>;

/** Runs git's own CGI program for one request, and gives its answer whole. */
function backend(
  projectRoot: string,
  request: FastifyRequest,
  pathInfo: string,
  user: string,
  body: Buffer,
): Promise<{ status: number; headers: Record<string, string>; body: Buffer }> {
  const { headers, method } = request;
  const child = spawn("git", ["http-backend"], {
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: projectRoot,
      GIT_HTTP_EXPORT_ALL: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      ...settingsEnvironment,
      REMOTE_USER: user,
      REMOTE_ADDR: request.ip,
      REQUEST_METHOD: method,
      PATH_INFO: pathInfo,
      QUERY_STRING: request.url.split("?")[1] ?? "",
      CONTENT_TYPE: headers["content-type"] ?? "",
      CONTENT_LENGTH: String(body.length),
      HTTP_CONTENT_ENCODING: headers["content-encoding"] ?? "",
      GIT_PROTOCOL: String(headers["git-protocol"] ?? ""),
    },
    stdio: ["pipe", "pipe", "ignore"],
  });
  const chunks: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
  child.stdin.on("error", () => {}); // It may answer before it has read everything.
  child.stdin.end(body);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", () => {
      const whole = Buffer.concat(chunks);
      const end = whole.indexOf("\r\n\r\n");
      const fields = Object.fromEntries(
        whole
          .subarray(0, end)
          .toString()
          .split("\r\n")
          .map((line) => line.split(/:\s*(.*)/s).slice(0, 2) as [string, string]),
      );
      const { Status: status, ...rest } = fields;
      resolve({ status: Number.parseInt(status ?? "200", 10), headers: rest, body: whole.subarray(end + 4) });
    });
  });
}

/** Git over HTTP: clone, fetch and push, with a token as password, by git's own server side. */
export function gitHttpRoutes(app: FastifyInstance, context: Context): void {
  const { state, git } = context;

  /** The repository, if this actor may do this; else answers as GitHub does. */
  const open = (
    request: FastifyRequest,
    reply: FastifyReply,
    level: "read" | "write",
  ): Repository | undefined => {
    const { owner, repo } = request.params as { owner: string; repo: string };
    const repository = state.repository(owner, repo);
    const seen = repository && sees(request.actor, repository, state);
    if (repository && seen && may(request.actor, repository, state, "contents", level)) {
      if (level === "read" || !repository.archived) return repository;
      void plain(reply, 403, "This repository was archived so it is read-only.");
      return undefined;
    }
    if (!request.actor) {
      void askForToken(reply, "Authentication required");
      return undefined;
    }
    if (!seen) void plain(reply, 404, "Repository not found.");
    else
      void plain(
        reply,
        403,
        `Permission to ${owner}/${repo.replace(/\.git$/, "")}.git denied to ${request.actor.user.login}.`,
      );
    return undefined;
  };

  const answer = async (
    request: FastifyRequest,
    reply: FastifyReply,
    repository: Repository,
    path: string,
    body: Buffer,
  ) => {
    const result = await backend(
      git.folder,
      request,
      `/${repository.owner}/${repository.name}.git/${path}`,
      request.actor?.user.login ?? "",
      body,
    );
    return { result, send: () => reply.code(result.status).headers(result.headers).send(result.body) };
  };

  void app.register(async (scope) => {
    scope.setErrorHandler((error: FastifyError | GitHubError, _, reply) => {
      if (!(error instanceof GitHubError) || error.status !== 401) throw error;
      return askForToken(reply, "Invalid username or token.");
    });
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "buffer", bodyLimit: 500 * 1024 * 1024 }, (_, body, done) =>
      done(null, body),
    );

    scope.get<{ Querystring: { service?: string } }>("/:owner/:repo/info/refs", async (request, reply) => {
      const writes = request.query.service === "git-receive-pack";
      const repository = open(request, reply, writes ? "write" : "read");
      if (!repository) return reply;
      return (await answer(request, reply, repository, "info/refs", Buffer.alloc(0))).send();
    });
    scope.post("/:owner/:repo/git-upload-pack", async (request, reply) => {
      const repository = open(request, reply, "read");
      if (!repository) return reply;
      return (await answer(request, reply, repository, "git-upload-pack", request.body as Buffer)).send();
    });
    scope.post("/:owner/:repo/git-receive-pack", async (request, reply) => {
      const repository = open(request, reply, "write");
      if (!repository) return reply;
      const body = request.body as Buffer;
      const actor = request.actor as Actor;
      const push = readPush(body);
      const refused = await workflowRefused(repository, push, actor);
      if (refused)
        return reply
          .type("application/x-git-receive-pack-result")
          .header("cache-control", "no-cache")
          .send(refuse(push, refused));
      const { send } = await answer(request, reply, repository, "git-receive-pack", body);
      for (const update of push.updates) await settle(repository, update, actor);
      return send();
    });
  });

  /** Why a push is refused that brings workflows without the permission, if it does. No ref has moved yet. */
  const workflowRefused = async (repository: Repository, { updates, pack }: Push, actor: Actor) => {
    if (mayWriteWorkflows(context, actor, repository)) return undefined;
    // What no ref leads to does no harm: the objects may stay.
    if (pack.length > 0)
      await execa("git", ["-C", git.pathOf(repository), "index-pack", "--stdin", "--fix-thin"], {
        input: pack,
      });
    for (const { after } of updates) {
      const commit = after === zeros ? undefined : await git.commitOf(repository, after);
      const file = commit && (await newWorkflowFile(context, repository, commit));
      if (file) return pushRefused(actor, file);
    }
    return undefined;
  };

  /** Tells of a ref that a push moved. The first branch of a repository becomes its default. */
  const settle = async (repository: Repository, { ref, before, after }: Update, actor: Actor) => {
    const now = (await git.refs(repository, ref)).get(ref) ?? zeros;
    if (now !== after || before === after) return;
    if (before === zeros && ref.startsWith("refs/heads/")) await git.adoptBranch(repository, ref);
    if (/^refs\/(heads|tags)\//.test(ref)) await tellPush(context, repository, ref, before, after, actor);
  };
}
