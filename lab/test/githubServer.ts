import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { addUser, controlRoutes } from "../github/control.ts";
import type { GitHubEvent } from "../github/events.ts";
import { publishedRateLimit } from "../github/rateLimit.ts";
import { createServer } from "../github/server.ts";
import type { Token } from "../github/state.ts";
import { actionsBot, addToken } from "../github/tokens.ts";
import { documented } from "./githubOpenapi.ts";

/** An emulated GitHub in this process, in a folder of its own, with users and tokens that open nothing. */
export function startGitHub() {
  const folder = mkdtempSync(path.join(tmpdir(), "slipway-github-"));
  const url = "http://127.0.0.1:9";
  // Some tests call every operation there is.
  const rateLimit = { ...publishedRateLimit, anonymous: 100_000 };
  const { app, context } = createServer({ folder, url, rateLimit });
  controlRoutes(app, context);
  const events: GitHubEvent[] = [];
  context.events.on("event", (event) => events.push(event));
  for (const login of ["ann", "bob"]) addUser(context, { login });
  addUser(context, actionsBot);
  const token = (name: string, fields: Omit<Token, "token">) =>
    addToken(context.state, { token: `canary-${name}-not-a-secret`, ...fields }).token;
  const ann = token("ann", { user: "ann", kind: "classic", scopes: ["repo", "workflow"] });
  return {
    app,
    context,
    events,
    token,
    /** A client with Ann's classic token. */
    ann: documented(app, ann),
    annToken: ann,
    as: (shown: string | undefined) => documented(app, shown),
    async stop() {
      await app.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export type GitHub = ReturnType<typeof startGitHub>;
