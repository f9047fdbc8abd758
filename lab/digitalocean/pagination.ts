import type { FastifyRequest } from "fastify";
import { unprocessable } from "./errors.ts";

/** Entries on a page unless the request says otherwise, and at most (docs.digitalocean.com/reference/api, "Links & Meta"). */
const defaultPerPage = 20;
const maxPerPage = 200;

function positive(value: string | undefined, fallback: number, name: string): number {
  if (value === undefined || value === "") return fallback;
  if (!/^\d+$/.test(value) || Number(value) < 1)
    throw unprocessable(`${name} must be a positive integer, got "${value}"`);
  return Number(value);
}

/**
 * One page of a list with DigitalOcean's `links` and `meta`, under the key `name`. Reads `page`
 * (default 1) and `per_page` (default 20, at most 200) of the query. Fails with 422 for other values.
 */
export function paginate<T>(request: FastifyRequest, name: string, all: T[]) {
  const query = request.query as Record<string, string | undefined>;
  const page = positive(query.page, 1, "page");
  const perPage = Math.min(positive(query.per_page, defaultPerPage, "per_page"), maxPerPage);
  const last = Math.max(1, Math.ceil(all.length / perPage));
  const url = (number: number) => {
    const target = new URL(request.url, `${request.protocol}://${request.host}`);
    target.searchParams.set("page", String(number));
    return target.href;
  };
  const pages = {
    ...(page > 1 ? { first: url(1), prev: url(Math.min(page - 1, last)) } : {}),
    ...(page < last ? { next: url(page + 1), last: url(last) } : {}),
  };
  return {
    [name]: all.slice((page - 1) * perPage, page * perPage),
    links: Object.keys(pages).length ? { pages } : {},
    meta: { total: all.length },
  };
}
