import type { FastifyInstance } from "fastify";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { ApiError } from "./errors.ts";
import type { State } from "./state.ts";

/** A fault to come, for calls below `/v2`. */
export const faultSchema = z.object({
  /** Which calls; default: any method. */
  method: z.string().toUpperCase().optional(),
  /** A regular expression for the path with its query; default: any path. */
  path: z.string().default(""),
  /** What to answer; default: what the API would, so that the fault is only the delay. */
  status: z.int().min(400).max(599).optional(),
  /** The body of that answer; default: DigitalOcean's own for a server error. */
  body: z.unknown().optional(),
  /** How long to wait before the answer, in milliseconds. */
  delayMs: z.int().min(0).default(0),
  /** How many calls it is for. */
  count: z.int().min(1).default(1),
  /** Whether the call is refused, or carried out and then the answer lost. */
  when: z.enum(["before", "after"]).default("before"),
});
/** As the emulator keeps it: `count` falls to 0, then it is gone. */
export type Fault = z.output<typeof faultSchema>;

const defaultBody = (status: number) =>
  status === 429
    ? { id: "too_many_requests", message: "API Rate limit exceeded." }
    : { id: "server_error", message: "Unexpected server-side error" };

function take(state: State, method: string, url: string, when: Fault["when"]): Fault | undefined {
  const index = state.faults.findIndex(
    (fault) => fault.when === when && (fault.method ?? method) === method && new RegExp(fault.path).test(url),
  );
  const fault = state.faults[index];
  if (fault && --fault.count === 0) state.faults.splice(index, 1);
  return fault;
}

/** Makes calls slow or fail as the control endpoint asked. Must come after the rate limit and before the routes. */
export function injectFaults(app: FastifyInstance, state: State): void {
  app.addHook("preHandler", async (request, reply) => {
    if (!request.url.startsWith("/v2")) return;
    const fault = take(state, request.method, request.url, "before");
    if (fault?.delayMs) await sleep(fault.delayMs);
    if (!fault?.status) return;
    const body = fault.body ?? { ...defaultBody(fault.status), request_id: request.id };
    return reply.code(fault.status).send(body);
  });
  app.addHook("onSend", async (request, reply, payload) => {
    if (!request.url.startsWith("/v2")) return payload;
    const fault = take(state, request.method, request.url, "after");
    if (fault?.delayMs) await sleep(fault.delayMs);
    if (!fault?.status) return payload;
    reply.code(fault.status).type("application/json");
    return JSON.stringify(fault.body ?? { ...defaultBody(fault.status), request_id: request.id });
  });
}

/** Checks a fault's path pattern. Fails with 422 if it is no regular expression. */
export function checkPattern(fault: Fault): Fault {
  try {
    new RegExp(fault.path);
  } catch {
    throw new ApiError(422, "unprocessable_entity", `path: not a regular expression: ${fault.path}`);
  }
  return fault;
}
