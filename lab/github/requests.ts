import type { FastifyInstance, FastifyRequest } from "fastify";
import type { z } from "zod";
import { GitHubError, unprocessable } from "./errors.ts";
import type { GitHubEvent } from "./events.ts";
import type { Context } from "./server.ts";
import { fullName, type Repository } from "./state.ts";
import type { Actor } from "./tokens.ts";

/** URL of a repository in the API. */
export const apiOf = (context: Context, repository: Repository) =>
  `${context.api}/repos/${fullName(repository)}`;

/** URL of a repository for people. */
export const htmlOf = (context: Context, repository: Repository) => `${context.url}/${fullName(repository)}`;

/** Reads a request's body by a schema. Fails with 422 and GitHub's words for what it does not take. */
export function readBody<T extends z.ZodType>(schema: T, request: FastifyRequest): z.infer<T> {
  const read = schema.safeParse(request.body ?? {});
  if (read.success) return read.data;
  const issue = read.error.issues[0];
  const path = (issue?.path ?? []).map(String);
  const received = path.reduce<unknown>(
    (value, key) => (value as Record<string, unknown> | undefined)?.[key],
    request.body ?? {},
  );
  const [field = "body"] = path;
  throw unprocessable(
    received === undefined
      ? `Invalid request.\n\n"${field}" wasn't supplied.`
      : `Invalid request.\n\nFor 'properties/${path.join("/")}', ${JSON.stringify(received)}: ${issue?.message}.`,
  );
}

/** Answers 400 for a body that is neither an object nor a list: no operation of GitHub's takes one. */
export function refuseBareValues(app: FastifyInstance): void {
  app.addHook("preValidation", async ({ body }) => {
    if (body !== undefined && (typeof body !== "object" || body === null))
      throw new GitHubError(400, "Body should be a JSON object");
  });
}

/** Who asks. Fails with 401 for a request without a token. */
export function actorOf(request: FastifyRequest): Actor {
  if (!request.actor) throw new GitHubError(401, "Requires authentication");
  return request.actor;
}

/** Who an event comes from. */
export type Origin = Pick<GitHubEvent, "actor" | "byWorkflow">;

/** The origin of what a request causes. */
export function originOf(request: FastifyRequest): Origin {
  const { user, token } = actorOf(request);
  return { actor: user.login, byWorkflow: token.kind === "installation" };
}

/** Tells an event that has no ref of its own: GitHub gives it the default branch. */
export async function tellOnDefaultBranch(
  context: Context,
  event: Omit<GitHubEvent, "ref" | "sha">,
): Promise<void> {
  const ref = `refs/heads/${event.repository.defaultBranch}`;
  const sha = await context.git.commitOf(event.repository, ref);
  // An empty repository has no workflow that could start.
  if (sha) context.events.tell({ ...event, ref, sha });
}

/** A number in a path. Anything else is a path that GitHub does not have. */
export function numberIn(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new GitHubError(404, "Not Found");
  return Number(text);
}
