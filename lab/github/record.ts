import type { FastifyInstance } from "fastify";

/** One call of the API, as it was received and answered. Tokens and bodies are not kept. */
export interface RecordedCall {
  /** ISO 8601. */
  time: string;
  method: string;
  /** Below the API's root, with the query. */
  path: string;
  status: number;
  /** Who called; absent without a token that is known. */
  actor?: { login: string; token: "classic" | "fine-grained" | "installation" };
}

const kept = 10_000;
const root = "/api/v3";

/** Writes down every call of the API, the newest 10,000 of them, before its answer goes out. */
export function recordCalls(app: FastifyInstance, calls: RecordedCall[]): void {
  app.addHook("onSend", async ({ url, method, actor }, reply) => {
    if (!url.startsWith(root)) return;
    calls.push({
      time: new Date().toISOString(),
      method,
      path: url.slice(root.length),
      status: reply.statusCode,
      ...(actor ? { actor: { login: actor.user.login, token: actor.token.kind } } : {}),
    });
    if (calls.length > kept) calls.shift();
  });
}
