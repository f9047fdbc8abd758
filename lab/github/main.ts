import { githubUrl, ports } from "../addresses.ts";
import { githubDispatchToken, githubOwner, githubOwnerToken } from "../credentials.ts";
import { githubDir } from "../paths.ts";
import { configRepository } from "../repositories.ts";
import { addUser, controlRoutes } from "./control.ts";
import { createServer } from "./server.ts";
import { actionsBot, addToken } from "./tokens.ts";

const { app, context } = createServer({ folder: githubDir, keep: true, url: githubUrl, log: console.error });
controlRoutes(app, context);
addUser(context, actionsBot);
addUser(context, { login: githubOwner });
addToken(context.state, {
  token: githubOwnerToken,
  user: githubOwner,
  kind: "classic",
  scopes: ["repo", "workflow"],
});
addToken(context.state, {
  token: githubDispatchToken,
  user: githubOwner,
  kind: "fine-grained",
  repositories: [configRepository],
  permissions: { metadata: "read", actions: "write" },
});

for (const signal of ["SIGTERM", "SIGINT"] as const)
  process.on(signal, () => void app.close().then(() => process.exit(0)));
await app.listen({ host: "127.0.0.1", port: ports.github });
console.log(`GitHub (emulated) listens on ${githubUrl}`);
