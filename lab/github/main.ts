/** The emulated GitHub as a process: `node lab/github/main.ts --act PATH`. */
import { Command } from "commander";
import { githubUrl, ports } from "../addresses.ts";
import { githubDispatchToken, githubOwner, githubOwnerToken } from "../credentials.ts";
import { githubDir } from "../paths.ts";
import { configRepository } from "../repositories.ts";
import { addUser, controlRoutes } from "./control.ts";
import { runnerRoutes } from "./runner/control.ts";
import { Runner } from "./runner/runner.ts";
import { createServer } from "./server.ts";
import { actionsBot, addToken } from "./tokens.ts";

const { act } = new Command("github")
  .requiredOption("--act <path>", "act's executable")
  .parse()
  .opts<{ act: string }>();

// A lab sees as many releases in an hour as a team does in weeks.
const rateLimit = { user: 100_000, workflow: 50_000, anonymous: 1_000 };

const log = (message: string) => console.log(`${new Date().toISOString()} ${message}`);
try {
  const { app, context } = createServer({ folder: githubDir, keep: true, url: githubUrl, rateLimit, log });
  const { state } = context;
  controlRoutes(app, context);
  addUser(context, actionsBot);
  addUser(context, { login: githubOwner });
  // Jobs ended with the process that ran them, and their tokens with them.
  state.data.tokens = state.data.tokens.filter(({ kind }) => kind !== "installation");
  addToken(state, {
    token: githubOwnerToken,
    user: githubOwner,
    kind: "classic",
    scopes: ["repo", "workflow"],
  });
  addToken(state, {
    token: githubDispatchToken,
    user: githubOwner,
    kind: "fine-grained",
    repositories: [configRepository],
    permissions: { metadata: "read", actions: "write" },
  });
  const runner = new Runner(context, { act, folder: githubDir, log });
  runnerRoutes(app, context, runner);

  const stop = async () => {
    await runner.stop();
    await app.close();
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void stop());
  await app.listen({ host: "127.0.0.1", port: ports.github });
  log(`listening on ${githubUrl}`);
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  console.error(
    code === "EADDRINUSE"
      ? `port ${ports.github} on 127.0.0.1 is in use; end the process that listens there (ss -ltnp shows it)`
      : message,
  );
  process.exit(1);
}
