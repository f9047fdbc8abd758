import { spawn } from "node:child_process";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { zeros } from "./git.ts";
import { tellPush } from "./newCommit.ts";
import type { Context } from "./server.ts";
import type { Repository } from "./state.ts";
import { type Actor, may, sees, touchesWorkflows } from "./tokens.ts";

const plain = (reply: FastifyReply, status: number, text: string) =>
  reply.code(status).type("text/plain").header("cache-control", "no-cache").send(text);

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

interface Update {
  before: string;
  after: string;
  ref: string;
}

/** The refs that a push wants to move: the first lines of its body (gitprotocol-pack). */
export function updatesOf(body: Buffer): Update[] {
  const updates: Update[] = [];
  for (let at = 0; at + 4 <= body.length;) {
    const length = Number.parseInt(body.subarray(at, at + 4).toString(), 16);
    if (!(length > 4)) break;
    const line = body.subarray(at + 4, at + length).toString();
    const match = /^([0-9a-f]{40}) ([0-9a-f]{40}) ([^\0\n]+)/.exec(line);
    if (match)
      updates.push({ before: match[1] as string, after: match[2] as string, ref: match[3] as string });
    at += length;
  }
  return updates;
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
    if (repository && seen && may(request.actor, repository, state, "contents", level)) return repository;
    if (!request.actor) {
      void plain(reply.header("www-authenticate", 'Basic realm="GitHub"'), 401, "Authentication required");
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
      const { send } = await answer(request, reply, repository, "git-receive-pack", body);
      for (const update of updatesOf(body)) await settle(repository, update, request.actor as Actor);
      return send();
    });
  });

  /** Tells of a ref that a push moved; takes it back where it changed workflows without the permission. */
  const settle = async (repository: Repository, { ref, before, after }: Update, actor: Actor) => {
    const now = (await git.refs(repository, ref)).get(ref) ?? zeros;
    if (now !== after) return;
    if (after !== zeros && !may(actor, repository, state, "workflows", "write")) {
      const main = before !== zeros ? before : await git.commitOf(repository, repository.defaultBranch);
      const changed =
        main && main !== after
          ? (await git.in(repository)(["diff", "--name-only", main, after])).split("\n")
          : (await git.in(repository)(["ls-tree", "-r", "--name-only", after])).split("\n");
      if (touchesWorkflows(changed)) {
        await git.moveRef(repository, ref, after, before);
        return;
      }
    }
    if (/^refs\/(heads|tags)\//.test(ref)) await tellPush(context, repository, ref, before, after, actor);
  };
}
