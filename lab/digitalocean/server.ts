import { randomUUID } from "node:crypto";
import Fastify, { type FastifyError, type FastifyInstance } from "fastify";
import { digitaloceanToken } from "../credentials.ts";
import { accountRoutes } from "./account.ts";
import { acceptFullToken, authenticate } from "./authentication.ts";
import type { ClusterBackend } from "./backend.ts";
import { clusterRoutes } from "./clusters.ts";
import { controlRoutes } from "./controlRoutes.ts";
import { credentialRoutes } from "./credentials.ts";
import { ApiError, errorBody, notFound } from "./errors.ts";
import { injectFaults } from "./faults.ts";
import { Lifecycle } from "./lifecycle.ts";
import { nodePoolRoutes } from "./nodePools.ts";
import { optionRoutes } from "./options.ts";
import { limitRate } from "./rateLimit.ts";
import { recordCalls } from "./record.ts";
import { State } from "./state.ts";
import { tagRoutes } from "./tags.ts";
import { tokenReviewRoute } from "./tokenReview.ts";

/** How to run the emulator. */
export interface ServerOptions {
  /** What runs the clusters. */
  backend: ClusterBackend;
  /** File that keeps the state over a restart; default: none, the state ends with the process. */
  snapshotFile?: string;
  /** Milliseconds for what exists in the API only (a new node, an upgrade); default 1000. */
  stepMs?: number;
  /** Where failures are told; default: nowhere. Never gets a token. */
  log?: (message: string) => void;
}

/** An emulated DigitalOcean API, not listening yet, and what goes on behind it. */
export function createServer(options: ServerOptions): {
  app: FastifyInstance;
  state: State;
  lifecycle: Lifecycle;
} {
  const log = options.log ?? (() => {});
  const app = Fastify({ genReqId: () => randomUUID(), forceCloseConnections: true });
  const state = new State(options.snapshotFile);
  const lifecycle = new Lifecycle(state, options.backend, options.stepMs ?? 1000, log);
  acceptFullToken(state, digitaloceanToken);

  // DigitalOcean's Go client says that it sends JSON even where it sends nothing.
  const parseJson = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) =>
    body === "" ? done(null) : parseJson(request, String(body), done),
  );
  app.setErrorHandler((error: FastifyError | ApiError, request, reply) => {
    const known = error instanceof ApiError ? error : fromFastify(error);
    if (known.statusCode >= 500) log(`${request.method} ${request.url}: ${error.message}`);
    return reply.code(known.statusCode).send(errorBody(known, request.id));
  });
  app.setNotFoundHandler((request, reply) => reply.code(404).send(errorBody(notFound(), request.id)));
  app.addHook("onRequest", async (request, reply) => void reply.header("x-request-id", request.id));

  const rateLimit = limitRate(app, state);
  authenticate(app, state);
  injectFaults(app, state);
  recordCalls(app, state);

  accountRoutes(app, state);
  optionRoutes(app, state);
  clusterRoutes(app, state, lifecycle);
  nodePoolRoutes(app, state, lifecycle);
  credentialRoutes(app, state);
  tagRoutes(app, state);
  tokenReviewRoute(app, state);
  controlRoutes(app, state, rateLimit);

  app.addHook("onReady", async () => lifecycle.resume());
  return { app, state, lifecycle };
}

/** An error of the server's own: a body that is no JSON is the caller's fault (400), anything else a 500. */
function fromFastify(error: FastifyError): ApiError {
  if (error.statusCode && error.statusCode < 500)
    return new ApiError(error.statusCode, "bad_request", error.message);
  return new ApiError(500, "server_error", "Unexpected server-side error");
}
