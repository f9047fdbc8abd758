/** What the generated workflows run; `node delivery/cli.ts --help` lists the commands. */
import { Command, InvalidArgumentError, Option } from "commander";
import { tell } from "./annotations.ts";
import { bump } from "./bump.ts";
import type { Delivery, Target } from "./delivering.ts";
import { deploy } from "./deploy.ts";
import { drift } from "./drift.ts";
import { needed, readJob, type Job } from "./job.ts";
import { maskOf } from "./masking.ts";
import { preview, type Looked } from "./preview.ts";
import { promote } from "./promote.ts";
import type { EngineName } from "./releaseFile.ts";
import { rollback } from "./rollback.ts";

interface Options {
  engine: EngineName;
  delivery: Delivery;
  branch: string;
  stack?: string;
  stacks: Record<string, string>;
  prereleases?: boolean;
  app?: string;
}

/** Environments become parts of paths and of branches. */
function environmentName(name: string): string {
  if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name))
    throw new InvalidArgumentError('Expected lower-case letters, digits and "-".');
  return name;
}

function stackNames(text: string, before: Record<string, string>): Record<string, string> {
  const [name, stack] = text.split("=", 2);
  if (!name || !stack) throw new InvalidArgumentError("Expected ENVIRONMENT=STACK.");
  return { ...before, [name]: stack };
}

const engine = () =>
  new Option("--engine <name>", "what applies").choices(["pulumi", "kustomize"]).makeOptionMandatory();
const delivery = () =>
  new Option("--delivery <way>", "how a change reaches the branch")
    .choices(["pullRequest", "branch"])
    .makeOptionMandatory();
const branch = () =>
  new Option("--branch <name>", "the config repository's main branch").makeOptionMandatory();
const stack = () => new Option("--stack <name>", "its stack, if it has another name");
const stacks = () =>
  new Option("--stacks <environment=stack>", "an environment's stack, if it has another name (repeatable)")
    .argParser(stackNames)
    .default({});

/** The target of a command, from its options. */
const targetOf = (environment: string, options: Options): Target => ({
  environment,
  engine: options.engine,
  delivery: options.delivery,
  branch: options.branch,
  stack: options.stack ?? options.stacks?.[environment] ?? environment,
});

/** Errors are one line: an annotation at GitHub, or on standard error at a terminal. */
const failed = (message: string): void =>
  tell("error", message, {
    env: process.env,
    log: process.env.GITHUB_ACTIONS === "true" ? console.log : console.error,
  });

const program = new Command("delivery")
  .description("What the workflows of the pipeline run.")
  .configureOutput({ outputError: (text) => failed(text.trim().replace(/^error: /, "")) });

const changing = (name: string, description: string) =>
  program.command(name).description(description).addOption(engine()).addOption(branch());

changing("bump", "name a release (TAG, DIGEST, PRERELEASE) in an environment")
  .argument("<environment>", "its name", environmentName)
  .addOption(delivery())
  .addOption(stack())
  .option("--prereleases", "it takes prereleases")
  .option("--app <owner/name>", "the app's repository, to link to what changed")
  .action((environment: string, options: Options) =>
    bump(readJob(), targetOf(environment, options), options.prereleases ?? false, options.app),
  );

changing("rollback", "take ENVIRONMENT back to the release TO, or to the one before")
  .addOption(delivery())
  .addOption(stacks())
  .action((options: Options) => {
    const job = readJob();
    return rollback(job, targetOf(environmentName(needed(job, "ENVIRONMENT")), options));
  });

changing("promote", "give the environment TO the release of FROM, by pull request")
  .addOption(stacks())
  .action((options: Options) => {
    const job = readJob();
    const [from, to] = ["FROM", "TO"].map((name) => environmentName(needed(job, name)));
    return promote(job, targetOf(from as string, options), targetOf(to as string, options));
  });

const looking = (
  name: string,
  description: string,
  run: (job: Job, looked: Looked) => Promise<void>,
): void => {
  program
    .command(name)
    .description(description)
    .argument("<environment>", "its name", environmentName)
    .addOption(engine())
    .addOption(stack())
    .action((environment: string, options: Options) =>
      run(readJob(), {
        environment,
        engine: options.engine,
        stack: options.stack ?? environment,
      }),
    );
};

looking("preview", "tell in a comment of the pull request PULL what it would change", preview);
looking("deploy", "make an environment what this commit says (PLAN: even if that was not reviewed)", deploy);
looking("drift", "tell in an issue whether an environment still is what the branch says", drift);

try {
  await program.parseAsync();
} catch (error) {
  failed(maskOf(process.env)((error as Error).message));
  process.exitCode = 1;
}
