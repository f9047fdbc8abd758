import type { FastifyInstance } from "fastify";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

const isPattern = (text: string) => {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
};

/** A fault to come, for calls of the API. */
export const faultSchema = z.object({
  /** Which calls; default: any method. */
  method: z.string().toUpperCase().optional(),
  /** A regular expression for the path below the API's root, with its query; default: any path. */
  path: z.string().refine(isPattern, { error: "must be a regular expression" }).default(""),
  /** What to answer; default: what the API would, so that the fault is only the delay. */
  status: z.int().min(400).max(599).optional(),
  /** That answer's message; default: GitHub's own for a server error, or for too many calls at once (403, 429). */
  message: z.string().optional(),
  /** That answer's `retry-after`, in seconds; default: none. */
  retryAfterSeconds: z.int().min(0).optional(),
  /** How long to wait before the answer, in milliseconds. */
  delayMs: z.int().min(0).default(0),
  /** How many calls it is for. */
  count: z.int().min(1).default(1),
  /** Whether the call is refused, or carried out and then the answer lost. */
  when: z.enum(["before", "after"]).default("before"),
});
/** As the emulator keeps it: `count` falls to 0, then it is gone. */
export type Fault = z.output<typeof faultSchema>;

const root = "/api/v3";

const bodyOf = ({ status, message }: Fault) => ({
  message:
    message ??
    (status === 403 || status === 429
      ? "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
      : "Server Error"),
  documentation_url: "https://docs.github.com/rest",
  status: String(status),
});

/** Makes calls slow or fail, as the control API asked. */
export function injectFaults(app: FastifyInstance, faults: Fault[]): void {
  const take = (method: string, url: string, when: Fault["when"]): Fault | undefined => {
    if (!url.startsWith(root)) return undefined;
    const path = url.slice(root.length);
    const index = faults.findIndex(
      (fault) =>
        fault.when === when && (fault.method ?? method) === method && new RegExp(fault.path).test(path),
    );
    const fault = faults[index];
    if (fault && --fault.count === 0) faults.splice(index, 1);
    return fault;
  };
  const retryAfter = ({ retryAfterSeconds }: Fault) =>
    retryAfterSeconds === undefined ? {} : { "retry-after": retryAfterSeconds };

  app.addHook("preHandler", async (request, reply) => {
    const fault = take(request.method, request.url, "before");
    if (fault?.delayMs) await sleep(fault.delayMs);
    if (!fault?.status) return;
    return reply.code(fault.status).headers(retryAfter(fault)).send(bodyOf(fault));
  });
  app.addHook("onSend", async (request, reply, payload) => {
    const fault = take(request.method, request.url, "after");
    if (fault?.delayMs) await sleep(fault.delayMs);
    if (!fault?.status) return payload;
    void reply.code(fault.status).type("application/json").headers(retryAfter(fault));
    void reply.removeHeader("content-length");
    return JSON.stringify(bodyOf(fault));
  });
}
