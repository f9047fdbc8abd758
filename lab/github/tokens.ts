import type { FastifyInstance, FastifyRequest } from "fastify";
import { randomBytes } from "node:crypto";
import { GitHubError, notFound } from "./errors.ts";
import { fullName, type Permissions, type Repository, type State, type Token, type User } from "./state.ts";

/** Who a request comes from. */
export interface Actor {
  user: User;
  token: Token;
}

declare module "fastify" {
  interface FastifyRequest {
    /** Undefined for one without a token. */
    actor?: Actor;
    /** What the operation wants of a token: `contents=write`. */
    wanted?: string;
  }
}

/** The user that a workflow's token acts as. */
export const actionsBot: User = {
  id: 41898282,
  login: "github-actions[bot]",
  type: "Bot",
  name: "github-actions[bot]",
  email: "41898282+github-actions[bot]@users.noreply.github.com",
};

/** A token that a client shows, as `Bearer`, `token`, or the password of `Basic`. */
export function shownToken(header: string | undefined): string | undefined {
  const [kind, value] = (header ?? "").split(" ");
  if (!value) return undefined;
  if (/^basic$/i.test(kind as string)) {
    const [, password] = Buffer.from(value, "base64").toString("utf8").split(/:(.*)/s);
    return password || undefined;
  }
  return value;
}

/** Who shows this token; fails with 401 for one that is not known. Undefined without a token. */
export function actorOf(state: State, header: string | undefined): Actor | undefined {
  const shown = shownToken(header);
  if (shown === undefined) return undefined;
  const token = state.data.tokens.find((one) => one.token === shown);
  const user = token && state.user(token.user);
  const ended = token?.expiresAt !== undefined && Date.parse(token.expiresAt) <= Date.now();
  if (!token || !user || ended) throw new GitHubError(401, "Bad credentials");
  return { user, token };
}

/** Makes a token known. */
export function addToken(state: State, token: Token): Token {
  state.data.tokens = [...state.data.tokens.filter((one) => one.token !== token.token), token];
  state.save();
  return token;
}

export function revokeToken(state: State, token: string): void {
  state.data.tokens = state.data.tokens.filter((one) => one.token !== token);
  state.save();
}

/** A job's GITHUB_TOKEN: for its own repository, until it is revoked. */
export function mintJobToken(state: State, repository: Repository, permissions: Permissions): string {
  const token = `ghs_lab_not_a_secret_${randomBytes(12).toString("hex")}`;
  addToken(state, {
    token,
    user: actionsBot.login,
    kind: "installation",
    repositories: [fullName(repository)],
    permissions,
  });
  return token;
}

const isFor = (token: Token, repository: Repository) =>
  token.repositories?.some((name) =>
    [fullName(repository).toLowerCase(), `${repository.owner.toLowerCase()}/*`].includes(name.toLowerCase()),
  ) ?? false;

/** Whether the token's user owns the repository, or is one of its organization (everybody here is). */
const mayAct = ({ user }: Actor, repository: Repository, state: State) =>
  user.login.toLowerCase() === repository.owner.toLowerCase() ||
  state.user(repository.owner)?.type === "Organization";

/** Whether the actor sees that there is such a repository. */
export function sees(actor: Actor | undefined, repository: Repository, state: State): boolean {
  if (!repository.private) return true;
  if (!actor) return false;
  if (actor.token.kind !== "classic") return isFor(actor.token, repository);
  return (actor.token.scopes ?? []).includes("repo") && mayAct(actor, repository, state);
}

const ranks = { read: 1, write: 2, admin: 3 };

/** What even a public repository shows to nobody without the permission. */
const confidential = new Set(["secrets", "actions_variables", "environments", "administration"]);

/** Whether the actor may do this to a repository that it sees. */
export function may(
  actor: Actor | undefined,
  repository: Repository,
  state: State,
  permission: string,
  level: "read" | "write" | "admin",
): boolean {
  if (level === "read" && !repository.private && !confidential.has(permission)) return true;
  if (!actor) return false;
  const { token } = actor;
  if (token.kind === "classic") {
    if (!mayAct(actor, repository, state)) return false;
    const scopes = token.scopes ?? [];
    if (permission === "workflows") return scopes.includes("workflow");
    return scopes.includes("repo") || (!repository.private && scopes.includes("public_repo"));
  }
  if (!isFor(token, repository)) return false;
  if (permission === "metadata") return level === "read";
  const had = token.permissions?.[permission];
  return had !== undefined && ranks[had] >= ranks[level];
}

/** Fails as GitHub does where the request's actor may not do this. */
export function requirePermission(
  request: FastifyRequest,
  state: State,
  repository: Repository,
  permission: string,
  level: "read" | "write" | "admin",
): void {
  const { actor } = request;
  request.wanted = `${permission}=${level}`;
  if (may(actor, repository, state, permission, level)) return;
  if (!actor || !sees(actor, repository, state))
    throw actor ? notFound() : new GitHubError(401, "Requires authentication");
  if (actor.token.kind === "classic") throw notFound();
  throw new GitHubError(
    403,
    `Resource not accessible by ${actor.token.kind === "installation" ? "integration" : "personal access token"}`,
  );
}

/** Finds the actor of each request, and tells in the answer what its token has, until when, and what was wanted. */
export function authenticate(app: FastifyInstance, state: State): void {
  app.decorateRequest("actor", undefined);
  app.decorateRequest("wanted", undefined);
  app.addHook("onRequest", async (request, reply) => {
    request.actor = actorOf(state, request.headers.authorization);
    if (!request.actor) return;
    const { kind, scopes, expiresAt } = request.actor.token;
    if (kind === "classic") void reply.header("x-oauth-scopes", (scopes ?? []).join(", "));
    if (expiresAt)
      void reply.header(
        "github-authentication-token-expiration",
        expiresAt.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC"),
      );
  });
  app.addHook("onSend", async ({ actor, wanted }, reply) => {
    if (!actor || !wanted) return;
    if (actor.token.kind === "classic") void reply.header("x-accepted-oauth-scopes", "repo");
    else void reply.header("x-accepted-github-permissions", wanted);
  });
}
