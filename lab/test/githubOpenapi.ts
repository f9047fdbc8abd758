import { Ajv, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";
import type { FastifyInstance } from "fastify";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

/** GitHub's published description of its REST API, as the package @octokit/openapi carries it. */
interface Description {
  paths: Record<string, Record<string, Operation | undefined>>;
  components: { responses: Record<string, Response> };
}
interface Operation {
  responses: Record<string, Response | { $ref: string }>;
}
interface Response {
  content?: Record<string, { schema: object }>;
}

/**
 * OpenAPI 3.0 says `nullable`; JSON Schema has the type `null`. And where GitHub says `oneOf`, it has
 * forms that overlap: one of them at least is meant.
 */
function withNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withNulls);
  if (typeof value !== "object" || value === null) return value;
  const { nullable, ...rest } = Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name === "oneOf" ? "anyOf" : name, withNulls(inner)]),
  ) as Record<string, unknown>;
  if (nullable !== true) return nullable === undefined || nullable === false ? rest : { nullable, ...rest };
  if (typeof rest.type !== "string") return { anyOf: [rest, { type: "null" }] };
  return {
    ...rest,
    type: [rest.type, "null"],
    ...(Array.isArray(rest.enum) ? { enum: [...(rest.enum as unknown[]), null] } : {}),
  };
}

let loaded: {
  description: Description;
  ajv: Ajv;
  templates: { template: string; pattern: RegExp; literal: number }[];
};

/** Loaded once, and only where it is used: it has thirteen megabytes. */
function load() {
  if (loaded) return loaded;
  const file = createRequire(import.meta.url).resolve("@octokit/openapi/generated/api.github.com.json");
  const description = withNulls(JSON.parse(readFileSync(file, "utf8"))) as Description;
  const ajv = new Ajv({ strict: false, allErrors: true, logger: false, validateSchema: false });
  addFormats.default(ajv);
  // Deployments' URLs of environments may be empty, and templates are URLs to GitHub.
  ajv.addFormat("uri", true);
  ajv.addSchema({ ...description, $id: "github" });
  const templates = Object.keys(description.paths).map((template) => ({
    template,
    literal: template.replace(/\{\w+\}/g, "").length,
    pattern: new RegExp(
      `^${template.replace(/[.+]/g, "\\$&").replace(/\{(\w+)\}/g, (_, name: string) => (/^(path|ref|basehead|branch)$/.test(name) ? "(.*)" : "([^/]+)"))}$`,
    ),
  }));
  templates.sort((a, b) => b.literal - a.literal);
  loaded = { description, ajv, templates };
  return loaded;
}

const pointer = (parts: string[]) =>
  parts.map((part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/");

const validators = new Map<string, ValidateFunction>();

/** Statuses that any operation may answer with, though the description names them for few. */
const anywhere = new Set([304, 401, 403, 404]);

/**
 * Fails unless GitHub documents this operation, this status for it, and a body of this form.
 *
 * @param path below the API's root, without the query, such as `/repos/o/r/pulls/1`.
 */
export function checkAnswer(method: string, path: string, status: number, body: unknown): void {
  const { description, ajv, templates } = load();
  const verb = method.toLowerCase();
  const found = templates.find(
    ({ pattern, template }) => pattern.test(path) && description.paths[template]?.[verb],
  );
  assert.ok(found, `GitHub documents no ${method} ${path}`);
  const { template } = found;
  const said = (description.paths[template]?.[verb] as Operation).responses[String(status)];
  if (!said) {
    assert.ok(anywhere.has(status), `GitHub documents no ${status} for ${method} ${template}`);
    return;
  }
  let at = ["paths", template, verb, "responses", String(status)];
  if ("$ref" in said) at = said.$ref.slice(2).split("/");
  const response = "$ref" in said ? description.components.responses[at.at(-1) as string] : said;
  if (!response?.content?.["application/json"]) return;
  const uri = `github#/${pointer([...at, "content", "application/json", "schema"])}`;
  const validate = validators.get(uri) ?? ajv.compile({ $ref: uri });
  validators.set(uri, validate);
  if (validate(body)) return;
  const problems = (validate.errors ?? [])
    .slice(0, 8)
    .map(
      ({ instancePath, message, params }) => `${instancePath || "/"} ${message} ${JSON.stringify(params)}`,
    );
  assert.fail(
    `the answer to ${method} ${template} (${status}) is not as GitHub documents it:\n${problems.join("\n")}`,
  );
}

/** An answer of the emulator's. */
export interface Answer<T = Record<string, unknown>> {
  status: number;
  body: T;
  headers: Record<string, string | undefined>;
}

/** A client of an emulator in this process, with each answer held to GitHub's description. */
export const documented =
  (app: FastifyInstance, token: string | undefined) =>
  async <T = Record<string, unknown>>(
    method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
    url: string,
    body?: object,
  ): Promise<Answer<T>> => {
    const response = await app.inject({
      method,
      url: `/api/v3${url}`,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      ...(body ? { payload: body } : {}),
    });
    const parsed = response.body === "" ? undefined : (JSON.parse(response.body) as unknown);
    checkAnswer(method, decodeURI(url.split("?")[0] as string), response.statusCode, parsed);
    return {
      status: response.statusCode,
      body: parsed as T,
      headers: response.headers as Record<string, string | undefined>,
    };
  };
