import { Command } from "commander";
import { githubUrl, ports } from "../addresses.ts";
import { githubDispatchToken, githubOwner, githubOwnerToken } from "../credentials.ts";
import { githubDir } from "../paths.ts";
import { configRepository } from "../repositories.ts";
import { addUser, controlRoutes } from "./control.ts";
import { Runner } from "./runner/runner.ts";
import { createServer } from "./server.ts";
import { actionsBot, addToken } from "./tokens.ts";

const { act } = new Command("github")
  .requiredOption("--act <path>", "act's executable")
  .parse()
  .opts<{ act: string }>();

// A lab sees as many releases in an hour as a team does in weeks.
const rateLimit = { user: 100_000, workflow: 50_000, anonymous: 1_000 };
const { app, context } = createServer({
  folder: githubDir,
  keep: true,
  url: githubUrl,
  rateLimit,
  log: console.error,
});
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

const runner = new Runner(context, { act, folder: githubDir, log: console.error });

for (const signal of ["SIGTERM", "SIGINT"] as const)
  process.on(
    signal,
    () =>
      void runner
        .stop()
        .then(() => app.close())
        .then(() => process.exit(0)),
  );
await app.listen({ host: "127.0.0.1", port: ports.github });
console.log(`GitHub (emulated) listens on ${githubUrl}`);
