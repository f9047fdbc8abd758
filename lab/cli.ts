import { Command } from "commander";
import { ExecaError, execa } from "execa";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { down } from "./down.ts";
import { asShell, labVariables } from "./environment.ts";
import { logsDir } from "./paths.ts";
import { logFile } from "./process.ts";
import { release, type ReleaseOptions } from "./release.ts";
import { runLog } from "./runLog.ts";
import { start } from "./start.ts";
import { status } from "./status.ts";
import { up } from "./up.ts";

const say = (line: string) => console.log(line);

const program = new Command("lab").description(
  "The cloud on one machine: DigitalOcean's API, Kubernetes, Docker, a registry and Pulumi, with no account",
);

program
  .command("start")
  .description("bring the lab up, run pulumi up, and GET /demo (npm start)")
  .action(start);
program.command("up").description("bring the lab up; quick if it is up already").action(up);
program
  .command("down")
  .description("take the lab down, and everything that belongs to it")
  .action(() => down(say));
program
  .command("status")
  .description("what runs in the lab")
  .action(async () => say(await status()));
program
  .command("release")
  .description("publish a release of the app in the lab, and follow it until the new version answers")
  .argument("<tag>", "its tag, such as v0.0.2")
  .option("-m, --message <text>", "what the new version says on /demo")
  .action((tag: string, options: ReleaseOptions) => release(tag, options));
program
  .command("logs")
  .description("the names of the logs, or one log; or what a workflow run printed")
  .argument("[name]", "name of a log, or number of a workflow run")
  .option("-f, --follow", "go on as it grows")
  .action(async (name: string | undefined, { follow }: { follow?: boolean }) => {
    if (name !== undefined && /^\d+$/.test(name)) return say(await runLog(Number(name)));
    const names = existsSync(logsDir) ? readdirSync(logsDir).map((file) => path.basename(file, ".log")) : [];
    if (name === undefined) return say(names.sort().join("\n") || "no logs; the lab is down");
    if (!names.includes(name))
      throw new Error(
        `there is no log ${name}; one of: ${names.sort().join(", ") || "none, the lab is down"}`,
      );
    await execa("tail", ["-n", "1000", ...(follow ? ["-f"] : []), logFile(name)], { stdio: "inherit" });
  });
program
  .command("env")
  .description('what a shell needs to talk to the lab: eval "$(npm run -s lab -- env)"')
  .action(() => void process.stdout.write(asShell(labVariables())));

try {
  await program.parseAsync();
} catch (error) {
  // What a program of ours said went to the terminal already.
  const { message } = error as Error;
  console.error(error instanceof ExecaError ? `lab: ${error.shortMessage}` : `lab: ${message}`);
  process.exitCode = 1;
}
