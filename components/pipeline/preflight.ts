import type { Octokit, OctokitOptions } from "@octokit/core" with { "resolution-mode": "import" };
import type { Problem } from "../../config/problems";
import { apiUrl, type GitHubAccess } from "./github";
import type { PipelineOptions, Repository } from "./options";
import { writtenBySlipway } from "./workflows";

/** What GitHub is asked about before anything is written there. */
export interface Preflight {
  access: GitHubAccess;
  pipeline: PipelineOptions;
  /** Text of each file to be written, by path. */
  files: { app: Record<string, string>; config: Record<string, string> };
}

/** What was seen there. */
export interface Looked {
  /** What is wrong; nothing, if anything may be written. */
  problems: Problem[];
  /** GitHub's ids of the environments' reviewers, by user name. */
  reviewers: Record<string, number>;
}

interface Answer {
  status: number;
  headers: Record<string, string | undefined>;
  data: Record<string, unknown>;
}

/** Asks GitHub; an answer of 4xx is an answer. Fails where it can't be reached. */
async function ask(client: Octokit, route: string, parameters: object = {}): Promise<Answer> {
  try {
    return (await client.request(route, parameters as Record<string, string>)) as unknown as Answer;
  } catch (error) {
    const { status, response } = error as { status?: number; response?: Answer };
    if (status && status < 500 && response) return response;
    throw error;
  }
}

async function client(access: GitHubAccess, auth: string | undefined): Promise<Octokit> {
  // Loaded only where it is used: no deploy waits for it.
  const { Octokit } = await import("@octokit/core");
  return new Octokit({
    auth,
    baseUrl: apiUrl(access.baseUrl),
    userAgent: "slipway",
    // It would print each 404 that is an answer here.
    log: { debug() {}, info() {}, warn() {}, error() {} },
  } as OctokitOptions);
}

const setToken = "pulumi config set github:token --secret, or GITHUB_TOKEN in the environment";

/** A classic token tells its scopes; null for one that doesn't have any of that kind. */
const scopesOf = ({ headers }: Answer): string[] | undefined =>
  headers["x-oauth-scopes"]?.split(",").map((scope) => scope.trim());

function tokenProblems(answer: Answer): Problem[] {
  const scopes = scopesOf(answer);
  const missing = scopes ? ["repo", "workflow"].filter((scope) => !scopes.includes(scope)) : [];
  if (missing.length === 0) return [];
  return [
    {
      path: "github:token",
      received: `a token with the scopes ${scopes?.join(", ") || "none"}`,
      allowed: `also ${missing.join(" and ")}: GitHub answers 404 where a workflow file is written without them`,
      fix: setToken,
    },
  ];
}

async function repositoryProblems(
  github: Octokit,
  at: "app" | "config",
  { repository, branch }: Repository,
  administer: boolean,
): Promise<Problem[]> {
  const path = `pipeline.${at}.repository`;
  const fix = `pulumi config set --path ${path} <owner/name>, or pulumi config set --path pipeline.${at}.create true`;
  const answer = await ask(github, `GET /repos/${repository}`);
  if (answer.status === 404)
    return [
      {
        path,
        received: `${JSON.stringify(repository)}, which is not there or not shown to the token`,
        allowed: "a repository that the token may write to",
        fix,
      },
    ];
  const problems: Problem[] = [];
  const permissions = answer.data.permissions as { push?: boolean; admin?: boolean } | undefined;
  const needed = administer ? "admin" : "push";
  if (permissions && !permissions[needed])
    problems.push({
      path,
      received: `${JSON.stringify(repository)}, where the token's user has no ${needed === "admin" ? "administrator's" : "write"} access`,
      allowed: administer
        ? "a repository whose environments and secrets the user may set (administrator)"
        : "a repository that the user may write to",
      fix: `give the user that access on ${String(answer.data.html_url)}/settings/access, or use another token: ${setToken}`,
    });
  if (answer.data.archived === true)
    problems.push({
      path,
      received: `${JSON.stringify(repository)}, which is archived`,
      allowed: "a repository that can be written to",
      fix,
    });
  const head = await ask(github, `GET /repos/${repository}/branches/{branch}`, { branch });
  if (head.status === 404)
    problems.push({
      path: `pipeline.${at}.branch`,
      received: `${JSON.stringify(branch)}, which ${repository} does not have`,
      allowed: "a branch that is there",
      fix: `pulumi config set --path pipeline.${at}.branch ${String(answer.data.default_branch)}`,
    });
  return problems;
}

/** Files that are in the way: there already, and not Slipway's. */
async function fileProblems(
  github: Octokit,
  at: "app" | "config",
  { repository, branch, overwrite }: Repository,
  files: string[],
): Promise<Problem[]> {
  if (overwrite) return [];
  const found = await Promise.all(
    files.map(async (file): Promise<Problem[]> => {
      const { status, data } = await ask(github, `GET /repos/${repository}/contents/${file}`, {
        ref: branch,
      });
      if (status !== 200) return [];
      const text = Buffer.from(String(data.content ?? ""), "base64").toString("utf8");
      if (writtenBySlipway(text)) return [];
      return [
        {
          path: `pipeline.${at}.overwrite`,
          received: `false, and ${repository} has ${file}, which Slipway did not write`,
          allowed: "true, to replace it",
          fix: `move ${file} away, or pulumi config set --path pipeline.${at}.overwrite true`,
        },
      ];
    }),
  );
  return found.flat();
}

async function dispatchTokenProblems({ access, pipeline }: Preflight): Promise<Problem[]> {
  const path = "pipeline.dispatchToken";
  const fix = `pulumi config set --path ${path} --secret`;
  const allowed = `a fine-grained token with the permission "Actions: read and write" on ${pipeline.config.repository}, and no other`;
  const answer = await ask(
    await client(access, pipeline.dispatchToken),
    `GET /repos/${pipeline.config.repository}/actions/workflows`,
  );
  if (answer.status !== 200)
    return [
      {
        path,
        received: `a token to which GitHub answers ${answer.status} (${String(answer.data.message)})`,
        allowed,
        fix,
      },
    ];
  if (scopesOf(answer))
    return [
      {
        path,
        received: `a classic token with the scopes ${scopesOf(answer)?.join(", ")}, which may do far more`,
        allowed,
        fix,
      },
    ];
  return [];
}

/** Ids of the reviewers by user name, and a problem for each name that nobody has. */
async function findReviewers(
  github: Octokit,
  { environments }: PipelineOptions,
): Promise<{ reviewers: Record<string, number>; problems: Problem[] }> {
  const reviewers: Record<string, number> = {};
  const problems: Problem[] = [];
  await Promise.all(
    Object.entries(environments).flatMap(([name, environment]) =>
      environment.reviewers.map(async (username, i) => {
        const { status, data } = await ask(github, "GET /users/{username}", { username });
        if (status === 200) reviewers[username] = Number(data.id);
        else
          problems.push({
            path: `pipeline.environments.${name}.reviewers[${i}]`,
            received: JSON.stringify(username),
            allowed: "a user that GitHub knows",
            fix: `pulumi config set --path pipeline.environments.${name}.reviewers[${i}] <user>`,
          });
      }),
    ),
  );
  return { reviewers, problems };
}

/**
 * Everything that can be seen from outside to be wrong with the tokens, the repositories and the files
 * that are there, and who the reviewers are. Only reads. Fails where GitHub can't be reached.
 */
export async function lookAtGitHub(preflight: Preflight): Promise<Looked> {
  const { access, pipeline, files } = preflight;
  const { app, config } = pipeline;
  const bad = (received: string, allowed: string): Looked => ({
    problems: [{ path: "github:token", received, allowed, fix: setToken }],
    reviewers: {},
  });
  if (!access.token) return bad("nothing", "a token that may write to both repositories");
  const github = await client(access, access.token);
  const user = await ask(github, "GET /rate_limit");
  if (user.status === 401) return bad("a token that GitHub refuses", "a token that is valid");
  const of = (at: "app" | "config", repository: Repository, administer: boolean) =>
    repository.create
      ? []
      : [
          repositoryProblems(github, at, repository, administer),
          fileProblems(github, at, repository, Object.keys(files[at])),
        ];
  const [{ reviewers, problems }, ...found] = await Promise.all([
    findReviewers(github, pipeline),
    ...of("app", app, false),
    ...of("config", config, true),
    ...(config.create ? [] : [dispatchTokenProblems(preflight)]),
  ]);
  return { problems: [...tokenProblems(user), ...found.flat(), ...problems], reviewers };
}
