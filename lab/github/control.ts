import type { FastifyInstance } from "fastify";
import { z } from "zod";
import { GitHubError } from "./errors.ts";
import { faultSchema } from "./faults.ts";
import { createRepository } from "./repositories.ts";
import { readBody } from "./requests.ts";
import type { Context } from "./server.ts";
import { fullName, type User } from "./state.ts";
import { addToken, revokeToken } from "./tokens.ts";

/** Makes a user (or organization) known, unless it is. */
export function addUser({ state }: Context, user: Pick<User, "login"> & Partial<User>): User {
  const there = state.user(user.login);
  if (there) return there;
  const made: User = {
    id: state.nextId(),
    type: "User",
    name: user.login,
    email: `${user.login}@users.noreply.github.invalid`,
    ...user,
  };
  state.data.users.push(made);
  state.save();
  return made;
}

const userSchema = z.object({
  login: z.string().min(1),
  type: z.enum(["User", "Bot", "Organization"]).optional(),
  name: z.string().optional(),
  email: z.string().optional(),
});
const tokenSchema = z.object({
  token: z.string().min(1),
  user: z.string().min(1),
  kind: z.enum(["classic", "fine-grained", "installation"]),
  scopes: z.array(z.string()).optional(),
  repositories: z.array(z.string()).optional(),
  permissions: z.record(z.string(), z.enum(["read", "write", "admin"])).optional(),
  expiresAt: z.iso.datetime().optional(),
});
const repositorySchema = z.object({
  owner: z.string().min(1),
  name: z.string().min(1),
  private: z.boolean().optional(),
});
const rateLimitSchema = z
  .object({ user: z.int().min(0), workflow: z.int().min(0), anonymous: z.int().min(0) })
  .partial();

/** What only the lab and its tests ask: nothing that a client of GitHub calls. `controlClient.ts` is its client. */
export function controlRoutes(app: FastifyInstance, context: Context): void {
  const { state, git, lab } = context;
  const running = () => state.runs.filter(({ status }) => status !== "completed").length;

  app.get("/lab/status", async () => ({
    repositories: state.data.repositories.map(fullName),
    runs: state.runs.length,
    running: running(),
    calls: lab.calls.length,
    faults: lab.faults.length,
  }));

  app.post("/lab/users", async (request) => addUser(context, readBody(userSchema, request)));
  app.post("/lab/tokens", async (request) => {
    const token = readBody(tokenSchema, request);
    addUser(context, { login: token.user });
    return addToken(state, token);
  });
  app.post("/lab/tokens/revoke", async (request, reply) => {
    revokeToken(state, readBody(z.object({ token: z.string() }), request).token);
    return reply.code(204).send();
  });
  app.post("/lab/repositories", async (request) => {
    const repository = readBody(repositorySchema, request);
    addUser(context, { login: repository.owner });
    return createRepository(context, repository.owner, repository);
  });

  app.post("/lab/reset", async (_, reply) => {
    if (running()) throw new GitHubError(409, "workflows are running; cancel them or wait for their end");
    for (const repository of state.data.repositories) git.remove(repository);
    Object.assign(state.data, { repositories: [], numbers: {}, runs: [], jobs: [], reviews: [], lists: {} });
    lab.calls.length = 0;
    lab.faults.length = 0;
    state.save();
    return reply.code(204).send();
  });

  app.get("/lab/calls", async () => ({ calls: lab.calls }));
  app.delete("/lab/calls", async (_, reply) => {
    lab.calls.length = 0;
    return reply.code(204).send();
  });

  app.post("/lab/faults", async (request, reply) => {
    lab.faults.push(readBody(faultSchema, request));
    return reply.code(204).send();
  });
  app.delete("/lab/faults", async (_, reply) => {
    lab.faults.length = 0;
    return reply.code(204).send();
  });

  app.put("/lab/rate-limit", async (request) =>
    Object.assign(lab.rateLimit, readBody(rateLimitSchema, request)),
  );
}
