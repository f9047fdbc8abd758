import type { FastifyReply, FastifyRequest } from "fastify";
import { validationFailed } from "./errors.ts";

/** The page of a list that a request asks for, with the `Link` header to the others. */
export function page<T>(request: FastifyRequest, reply: FastifyReply, url: string, all: T[]): T[] {
  const query = request.query as { page?: string; per_page?: string };
  const number = (text: string | undefined, fallback: number) => {
    const value = text === undefined ? fallback : Number(text);
    if (!Number.isInteger(value) || value < 0)
      throw validationFailed({ resource: "Search", code: "invalid" });
    return value;
  };
  const size = Math.min(100, number(query.per_page, 30) || 30);
  const current = number(query.page, 1) || 1;
  const last = Math.max(1, Math.ceil(all.length / size));
  const link = (to: number, rel: string) => {
    const target = new URL(request.url, url);
    target.searchParams.set("page", String(to));
    return `<${target.href}>; rel="${rel}"`;
  };
  const links = [
    ...(current > 1 ? [link(current - 1, "prev"), link(1, "first")] : []),
    ...(current < last ? [link(current + 1, "next"), link(last, "last")] : []),
  ];
  if (links.length > 0) void reply.header("link", links.join(", "));
  return all.slice((current - 1) * size, current * size);
}
