import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { findEnvironment } from "./environments.ts";
import { GitHubError, notFound, unprocessable } from "./errors.ts";
import { checkName, type NamedValue, owned, type Owner, valuesFor } from "./namedValues.ts";
import { page } from "./pagination.ts";
import { readBody } from "./requests.ts";
import { newKeyPair, openBox, type KeyPair } from "./sealedBoxes.ts";
import type { Context } from "./server.ts";
import type { Repository, State } from "./state.ts";

/** An Actions secret of a repository, or of one of its environments. */
export interface Secret extends NamedValue {
  createdAt: string;
  updatedAt: string;
}

/** The key pair of a repository or environment. */
type SecretKey = KeyPair & Pick<Secret, "repository" | "environment">;

/**
 * The secrets that a job sees: the repository's, and over them those of its environment. For the runner
 * only; no answer of the API ever has a value.
 */
export const secretsFor = (state: State, repository: Repository, environment?: string) =>
  valuesFor(state, "secrets", repository, environment);

/** A secret's greatest size in bytes (docs.github.com, "Limits for secrets"). */
const greatest = 48 * 1024;

const boxSchema = z.object({
  encrypted_value: z.string().regex(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/),
  key_id: z.string(),
});

interface SecretParams {
  Params: { owner: string; repo: string; environment: string; name: string; id: string };
}

/** Finds whose secrets a request is about, and checks the permission. */
type FindOwner = (request: FastifyRequest<SecretParams>, level: "read" | "write") => Owner;

/** Actions secrets of a repository and of its environments. */
export function secretRoutes(app: FastifyInstance, context: Context): void {
  const { state } = context;
  const inEnvironment: FindOwner = (request, level) => {
    const { params } = request;
    // The path with the repository's number is the older one; go-github has no other.
    if (params.id) {
      const repository = state.repositoryById(Number(params.id));
      if (!repository) throw notFound();
      Object.assign(params, { owner: repository.owner, repo: repository.name });
    }
    const repository = context.allowed(request, "environments", level);
    const environment = findEnvironment(state, repository, params.environment);
    if (!environment) throw notFound();
    return { repository, environment: environment.id };
  };
  secretRoutesAt(app, context, "/repos/:owner/:repo/actions/secrets", (request, level) => ({
    repository: context.allowed(request, "secrets", level),
    environment: null,
  }));
  for (const base of ["/repos/:owner/:repo", "/repositories/:id"])
    secretRoutesAt(app, context, `${base}/environments/:environment/secrets`, inEnvironment);
}

function secretRoutesAt(app: FastifyInstance, context: Context, base: string, findOwner: FindOwner): void {
  const { state } = context;
  const secrets = state.list<Secret>("secrets");
  const keys = state.list<SecretKey>("secretKeys");
  const keyOf = async (owner: Owner): Promise<SecretKey> => {
    const known = keys.find(owned(owner));
    if (known) return known;
    const pair = await newKeyPair();
    const { repository, environment } = owner;
    const key = { ...pair, repository: repository.id, environment };
    keys.push(key);
    state.save();
    return key;
  };
  const find = (owner: Owner, name: string) =>
    secrets.filter(owned(owner)).find((secret) => secret.name === name.toUpperCase());
  const show = ({ name, createdAt, updatedAt }: Secret) => ({
    name,
    created_at: createdAt,
    updated_at: updatedAt,
  });

  app.get<SecretParams>(`${base}/public-key`, async (request) => {
    const key = await keyOf(findOwner(request, "read"));
    return { key_id: key.keyId, key: key.publicKey };
  });

  app.get<SecretParams>(base, async (request, reply) => {
    const own = secrets.filter(owned(findOwner(request, "read")));
    own.sort((a, b) => a.name.localeCompare(b.name));
    return { total_count: own.length, secrets: page(request, reply, context.url, own).map(show) };
  });

  app.get<SecretParams>(`${base}/:name`, async (request) => {
    const secret = find(findOwner(request, "read"), request.params.name);
    if (!secret) throw notFound();
    return show(secret);
  });

  app.put<SecretParams>(`${base}/:name`, async (request, reply) => {
    const owner = findOwner(request, "write");
    const name = checkName("Secret", request.params.name);
    const { encrypted_value, key_id } = readBody(boxSchema, request);
    const key = await keyOf(owner);
    if (key_id !== key.keyId) throw unprocessable("Bad request - key_id does not match the public key");
    const value = await openBox(key, encrypted_value);
    if (value === undefined)
      throw new GitHubError(422, "Bad request - encrypted_value is no sealed box of this key");
    if (Buffer.byteLength(value) > greatest) throw unprocessable("Secret value is too large: at most 48 KB");
    const now = state.timestamp();
    const known = find(owner, name);
    if (known) Object.assign(known, { value, updatedAt: now });
    else {
      const { repository, environment } = owner;
      secrets.push({ repository: repository.id, environment, name, value, createdAt: now, updatedAt: now });
    }
    state.save();
    return known ? reply.code(204).send() : reply.code(201).send({});
  });

  app.delete<SecretParams>(`${base}/:name`, async (request, reply) => {
    const secret = find(findOwner(request, "write"), request.params.name);
    if (!secret) throw notFound();
    secrets.splice(secrets.indexOf(secret), 1);
    state.save();
    return reply.code(204).send();
  });
}
