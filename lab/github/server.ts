import Fastify, { type FastifyError, type FastifyInstance, type FastifyRequest } from "fastify";
import path from "node:path";
import { answerHeaders } from "./answerHeaders.ts";
import { branchRoutes } from "./branches.ts";
import { commitRoutes } from "./commits.ts";
import { contentRoutes } from "./contents.ts";
import { errorBody, GitHubError, notFound } from "./errors.ts";
import { answerConditionally } from "./etag.ts";
import { Events } from "./events.ts";
import { type Fault, injectFaults } from "./faults.ts";
import { GitStore } from "./git.ts";
import { gitDataRoutes } from "./gitData.ts";
import { gitHttpRoutes } from "./gitHttp.ts";
import { limitRate, publishedRateLimit, type RateLimit } from "./rateLimit.ts";
import { type RecordedCall, recordCalls } from "./record.ts";
import { refRoutes } from "./refs.ts";
import { repositoryExtraRoutes } from "./repositoryExtras.ts";
import { repositoryRoutes } from "./repositoryRoutes.ts";
import type { RunControl } from "./runs.ts";
import { type Repository, State } from "./state.ts";
import { subjectRoutes } from "./subjects.ts";
import { authenticate, requirePermission, sees } from "./tokens.ts";
import { userRoutes } from "./users.ts";

/** How to run the emulator. */
export interface ServerOptions {
  /** Folder of the bare repositories. */
  folder: string;
  /** Whether its memory is kept there as well; default: it ends with the process. */
  keep?: boolean;
  /** Base URL that clients use, without a slash at the end. */
  url: string;
  /** Requests in an hour; default: GitHub's own limits. */
  rateLimit?: RateLimit;
  /** Where failures are told; default: nowhere. Never gets a token. */
  log?: (message: string) => void;
}

/** What the routes of every subject work with. */
export interface Context {
  state: State;
  git: GitStore;
  events: Events;
  /** Base URL, without a slash at the end. */
  url: string;
  /** Base URL of the REST API. */
  api: string;
  /** What only the lab knows, until the process ends. */
  lab: { calls: RecordedCall[]; faults: Fault[]; rateLimit: RateLimit };
  /** What runs the jobs; without one, runs are only what is written down of them. */
  runner?: RunControl;
  /** The repository that a request's path names; fails with 404 for one that its actor does not see. */
  repositoryOf(request: FastifyRequest): Repository;
  /** The same, and fails as GitHub does where the actor may not do this (`contents`, `write`). */
  allowed(request: FastifyRequest, permission: string, level: "read" | "write" | "admin"): Repository;
}

/** An emulated GitHub, not listening yet. */
export function createServer(options: ServerOptions): { app: FastifyInstance; context: Context } {
  const log = options.log ?? (() => {});
  const app = Fastify({
    forceCloseConnections: true,
    bodyLimit: 50 * 1024 * 1024,
    routerOptions: { maxParamLength: 300 },
  });
  const state = new State(options.keep ? options.folder : undefined);
  const context: Context = {
    state,
    git: new GitStore(path.join(options.folder, "repositories")),
    events: new Events(),
    url: options.url,
    api: `${options.url}/api/v3`,
    lab: { calls: [], faults: [], rateLimit: { ...(options.rateLimit ?? publishedRateLimit) } },
    repositoryOf(request) {
      const { owner, repo } = request.params as { owner: string; repo: string };
      const repository = state.repository(owner, repo);
      if (!repository || !sees(request.actor, repository, state)) throw notFound();
      return repository;
    },
    allowed(request, permission, level) {
      const repository = context.repositoryOf(request);
      requirePermission(request, state, repository, permission, level);
      if (repository.archived && level !== "read" && permission !== "administration")
        throw new GitHubError(403, "Repository was archived so is read-only.");
      return repository;
    },
  };

  // Clients say that they send JSON even where they send nothing, and fetch says that nothing is text.
  const parseJson = app.getDefaultJsonParser("error", "error");
  app.removeContentTypeParser("text/plain");
  for (const type of [/^application\/(.+\+)?json/, "application/x-www-form-urlencoded", "text/plain"])
    app.addContentTypeParser(type, { parseAs: "string" }, (request, body, done) =>
      body === "" ? done(null, {}) : parseJson(request, String(body), done),
    );
  app.setErrorHandler((error: FastifyError | GitHubError, request, reply) => {
    const known =
      error instanceof GitHubError
        ? error
        : new GitHubError(
            error.statusCode ?? 500,
            (error.statusCode ?? 500) < 500 ? "Problems parsing JSON" : "Server Error",
          );
    if (known.status >= 500) log(`${request.method} ${request.url}: ${error.stack ?? error.message}`);
    return reply.code(known.status).send(errorBody(known));
  });
  app.setNotFoundHandler((_, reply) => reply.code(404).send(errorBody(notFound())));
  answerHeaders(app);
  authenticate(app, state);
  injectFaults(app, context.lab.faults);
  answerConditionally(app);
  limitRate(app, context.lab.rateLimit);
  recordCalls(app, context.lab.calls);

  gitHttpRoutes(app, context);
  app.register(
    async (api) => {
      for (const routes of [
        userRoutes,
        repositoryRoutes,
        repositoryExtraRoutes,
        contentRoutes,
        gitDataRoutes,
        refRoutes,
        branchRoutes,
        commitRoutes,
        subjectRoutes,
      ])
        routes(api, context);
    },
    { prefix: "/api/v3" },
  );
  app.addHook("onClose", async () => state.flush());
  return { app, context };
}
