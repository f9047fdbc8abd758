import type { FastifyInstance } from "fastify";
import type { State } from "./state.ts";

/** One call of the API, as it was received and answered. Headers, and so tokens, are not kept. */
export interface RecordedCall {
  /** By the emulator's clock, ISO 8601. */
  time: string;
  method: string;
  /** With the query. */
  path: string;
  status: number;
  /** What was sent, if it was JSON. Requests of this API carry no secret in their body. */
  body?: unknown;
}

const kept = 10_000;

/**
 * Writes down every call below `/v2`, the newest 10,000 of them, before its answer goes out, so that who
 * has the answer finds the record. Must come after the faults, which change answers.
 */
export function recordCalls(app: FastifyInstance, state: State): void {
  app.addHook("onSend", async (request, reply, payload) => {
    if (!request.url.startsWith("/v2")) return payload;
    state.calls.push({
      time: new Date(state.now()).toISOString(),
      method: request.method,
      path: request.url,
      status: reply.statusCode,
      ...(request.body ? { body: request.body } : {}),
    });
    if (state.calls.length > kept) state.calls.shift();
    return payload;
  });
}
