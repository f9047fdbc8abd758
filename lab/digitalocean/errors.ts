import type { z } from "zod";

/** An error answer as DigitalOcean gives it: a machine-readable id and a sentence, with an HTTP status. */
export class ApiError extends Error {
  readonly statusCode: number;
  readonly id: string;

  constructor(statusCode: number, id: string, message: string) {
    super(message);
    this.statusCode = statusCode;
    this.id = id;
  }
}

/** 401: no API token, an unknown one or an expired one. */
export const unauthorized = () => new ApiError(401, "unauthorized", "Unable to authenticate you");
/** 403: the API token lacks the scope. */
export const forbidden = () =>
  new ApiError(403, "forbidden", "You are not authorized to perform this operation");
/** 404: no such resource, or no such path. */
export const notFound = () =>
  new ApiError(404, "not_found", "The resource you requested could not be found.");
/** 422: a well-formed request that asks for something impossible. */
export const unprocessable = (message: string) => new ApiError(422, "unprocessable_entity", message);
/** 429: more requests than the account may make. */
export const tooManyRequests = () => new ApiError(429, "too_many_requests", "API Rate limit exceeded.");

/** The body of an error answer. */
export function errorBody(error: ApiError, requestId: string) {
  return { id: error.id, message: error.message, request_id: requestId };
}

/**
 * Reads a request body by a schema. Fails with 422 that names the first wrong field and, where it is
 * a plain value, what was received.
 */
export function parseBody<T extends z.ZodType>(schema: T, body: unknown): z.infer<T> {
  const result = schema.safeParse(body ?? {});
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue?.path.map(String).join(".");
  throw unprocessable(`validation error: ${field ? `${field}: ` : ""}${issue?.message}`);
}
