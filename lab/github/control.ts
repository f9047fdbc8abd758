import type { FastifyInstance } from "fastify";
import { createRepository } from "./repositories.ts";
import type { Context } from "./server.ts";
import { fullName, type Token, type User } from "./state.ts";
import { addToken } from "./tokens.ts";

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

/** What only the lab and its tests ask: nothing that a client of GitHub calls. */
export function controlRoutes(app: FastifyInstance, context: Context): void {
  const { state } = context;
  app.get("/lab/status", async () => ({
    repositories: state.data.repositories.map(fullName),
    runs: state.runs.length,
    running: state.runs.filter(({ status }) => status !== "completed").length,
  }));
  app.post<{ Body: Pick<User, "login"> & Partial<User> }>("/lab/users", async ({ body }) =>
    addUser(context, body),
  );
  app.post<{ Body: Token }>("/lab/tokens", async ({ body }) => {
    addUser(context, { login: body.user });
    return addToken(state, body);
  });
  app.post<{ Body: { owner: string; name: string; private?: boolean } }>(
    "/lab/repositories",
    async ({ body }) => {
      addUser(context, { login: body.owner });
      return createRepository(context, body.owner, body);
    },
  );
}
