import { createHash, randomBytes } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { forbidden, unauthorized } from "./errors.ts";
import type { State } from "./state.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The API token scope that the route wants (docs.digitalocean.com/reference/api/scopes). */
    scope?: string;
  }
}

/** What is kept of a token. */
export const hashOf = (token: string) => createHash("sha256").update(token).digest("hex");

/** Makes an API token with some scopes, which ends after `expirySeconds` (default: never). */
export function issueApiToken(state: State, scopes: string[], expirySeconds?: number): string {
  const token = `dop_lab_${randomBytes(32).toString("hex")}`;
  const expiresAt = expirySeconds === undefined ? undefined : state.now() + expirySeconds * 1000;
  state.data.apiTokens.push({ hash: hashOf(token), scopes, expiresAt });
  state.save();
  return token;
}

/** Knows the token with every scope. */
export function acceptFullToken(state: State, token: string): void {
  const hash = hashOf(token);
  if (!state.data.apiTokens.some((known) => known.hash === hash))
    state.data.apiTokens.push({ hash, scopes: ["*"] });
}

/** Refuses every call below `/v2` without a token that is known, has not ended, and has the route's
 * scope. A route below `/v2` without a scope can't be added. */
export function authenticate(app: FastifyInstance, state: State): void {
  app.addHook("onRoute", ({ url, config }) => {
    if (url.startsWith("/v2") && !config?.scope) throw new Error(`${url}: no scope`);
  });
  app.addHook("onRequest", async (request) => {
    if (!request.url.startsWith("/v2")) return;
    const given = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? "")?.[1];
    const hash = given && hashOf(given);
    const token = state.data.apiTokens.find((known) => known.hash === hash);
    if (!token || (token.expiresAt !== undefined && token.expiresAt <= state.now())) throw unauthorized();
    const { scope } = request.routeOptions.config;
    if (scope && !token.scopes.includes("*") && !token.scopes.includes(scope)) throw forbidden();
  });
}
