import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { commitJson, fileJson, log } from "./commits.ts";
import { GitHubError, notFound, validationFailed } from "./errors.ts";
import { createIssue, findIssue, isPull, type PullRequest } from "./issueRecords.ts";
import { checkLength } from "./issues.ts";
import { commitsBetween, mergeBase } from "./merging.ts";
import { page } from "./pagination.ts";
import { permissionsOf } from "./permissions.ts";
import { tellPull } from "./pullEvents.ts";
import { labelOf, pullJson, pullSimpleJson, pullsOf, changeOf } from "./pullRecords.ts";
import {
  fetchHead,
  followPushes,
  inTurn,
  openBetween,
  pullsInStep,
  setPullState,
  testMerge,
} from "./pullSync.ts";
import { actorOf, numberIn, originOf, readBody } from "./requests.ts";
import type { Context } from "./server.ts";
import type { Repository } from "./state.ts";
import { may } from "./tokens.ts";

const createSchema = z.object({
  title: z.string().optional(),
  head: z.string().min(1),
  head_repo: z.string().optional(),
  base: z.string().min(1),
  body: z.string().nullish(),
  draft: z.boolean().default(false),
  maintainer_can_modify: z.boolean().default(true),
});
const updateSchema = z.object({
  title: z.string().min(1).optional(),
  body: z.string().nullish(),
  state: z.enum(["open", "closed"]).optional(),
  base: z.string().optional(),
  maintainer_can_modify: z.boolean().optional(),
});

const invalid = (field: string) => validationFailed({ resource: "PullRequest", field, code: "invalid" });
const refused = (message: string) => validationFailed({ resource: "PullRequest", code: "custom", message });

interface PullParams {
  Params: { owner: string; repo: string; number: string; sha: string };
  Querystring: Partial<Record<"state" | "head" | "base" | "sort" | "direction", string>>;
}

/** Finds the pull request of a request, in step with every push so far, and checks the permission. */
export async function pullAllowed(
  context: Context,
  request: FastifyRequest,
  permission: "pull_requests" | "contents",
  level: "read" | "write",
): Promise<{ repository: Repository; pr: PullRequest }> {
  const repository = context.allowed(request, permission, level);
  await pullsInStep(context);
  const { number } = request.params as PullParams["Params"];
  const pr = findIssue(context.state, repository, numberIn(number));
  if (!pr || !isPull(pr)) throw notFound();
  return { repository, pr };
}

/** The repository that `owner:branch` is in: this one, its parent, or one with the same parent. */
function headRepositoryOf(context: Context, repository: Repository, owner: string, name?: string) {
  const root = repository.parent ?? repository.id;
  return context.state.data.repositories.find(
    (one) =>
      one.owner.toLowerCase() === owner.toLowerCase() &&
      (one.id === repository.id || (one.parent ?? one.id) === root) &&
      (name === undefined || one.name === name),
  );
}

async function createPull(
  context: Context,
  request: FastifyRequest,
  given: z.infer<typeof createSchema>,
): Promise<{ repository: Repository; pr: PullRequest }> {
  const { state, git } = context;
  const repository = context.repositoryOf(request);
  const [first = "", rest] = given.head.split(":", 2);
  const owner = rest === undefined ? repository.owner : first;
  const branch = rest ?? first;
  const fork = headRepositoryOf(context, repository, owner, given.head_repo?.split("/").at(-1));
  // Somebody with no right to write here may propose what they can write elsewhere.
  if (!fork || fork === repository || !may(request.actor, fork, state, "contents", "write"))
    context.allowed(request, "pull_requests", "write");
  const origin = originOf(request);
  if (origin.byWorkflow && !permissionsOf(state, repository).canApprovePullRequestReviews)
    throw new GitHubError(403, "GitHub Actions is not permitted to create or approve pull requests.");
  if (!given.title?.trim())
    throw validationFailed({ resource: "PullRequest", field: "title", code: "missing_field" });
  checkLength("PullRequest", given.body);

  const base = await git.commitOf(repository, `refs/heads/${given.base}`);
  if (!base) throw invalid("base");
  const head = fork && (await git.commitOf(fork, `refs/heads/${branch}`));
  if (!head) throw invalid("head");
  if (openBetween(context, repository, `${fork.owner}:${branch}`, given.base))
    throw refused(`A pull request already exists for ${fork.owner}:${branch}.`);

  // In a folder of the store a fork's objects are only a fetch away; without them nothing can be compared.
  const run = git.in(repository);
  if (fork !== repository)
    await run(["fetch", "--quiet", "--no-tags", git.pathOf(fork), `refs/heads/${branch}`]);
  if (!(await mergeBase(run, base, head)))
    throw refused(`The ${branch} branch has no history in common with ${given.base}`);
  if (!(await commitsBetween(run, base, head)).length)
    throw refused(`No commits between ${given.base} and ${given.head}`);

  const pr = createIssue(state, repository, {
    title: given.title,
    body: given.body ?? null,
    user: actorOf(request).user.login,
    pull: {
      id: state.nextId(),
      draft: given.draft,
      head: { repository: fork.id, owner: fork.owner, branch, sha: head },
      base: { repository: repository.id, owner: repository.owner, branch: given.base, sha: base },
      maintainerCanModify: fork !== repository && given.maintainer_can_modify,
      testedFor: null,
      mergeable: null,
      mergeCommit: null,
      mergedCommits: [],
      mergedAt: null,
      mergedBy: null,
    },
  }) as PullRequest;
  await fetchHead(context, repository, pr);
  await testMerge(context, repository, pr);
  await tellPull(context, repository, pr, "opened", origin);
  return { repository, pr };
}

function filterPulls(pulls: PullRequest[], query: PullParams["Querystring"]): PullRequest[] {
  const { state: wanted = "open", head, base, sort = "created", direction } = query;
  if (!["open", "closed", "all"].includes(wanted)) throw invalid("state");
  const found = pulls.filter(
    (pr) =>
      (wanted === "all" || pr.state === wanted) &&
      // GitHub takes no notice of a head that does not name its owner.
      (!head?.includes(":") || labelOf(pr.pull.head).toLowerCase() === head.toLowerCase()) &&
      (base === undefined || pr.pull.base.branch === base),
  );
  const key = (pr: PullRequest) => (sort === "updated" ? pr.updatedAt : pr.createdAt);
  found.sort((a, b) => key(a).localeCompare(key(b)) || a.number - b.number);
  const descending = direction === undefined ? sort === "created" : direction === "desc";
  return descending ? found.reverse() : found;
}

/** Pull requests: all but how they are merged. */
export function pullRoutes(app: FastifyInstance, context: Context): void {
  const { state, git } = context;
  const base = "/repos/:owner/:repo/pulls";
  followPushes(context);
  app.addHook("onClose", () => pullsInStep(context));

  app.get<PullParams>(base, async (request, reply) => {
    const repository = context.allowed(request, "pull_requests", "read");
    await pullsInStep(context);
    const found = filterPulls(pullsOf(context, repository), request.query);
    return page(request, reply, context.url, found).map((pr) => pullSimpleJson(context, repository, pr));
  });

  app.post(base, async (request, reply) => {
    context.repositoryOf(request);
    // Other tokens are for repositories, and this is one; a classic one's user may propose from a fork.
    if (request.actor?.token.kind !== "classic") context.allowed(request, "pull_requests", "write");
    const given = readBody(createSchema, request);
    const { repository, pr } = await inTurn(context, () => createPull(context, request, given));
    const shown = await pullJson(context, repository, pr);
    return reply.code(201).header("location", shown.url).send(shown);
  });

  app.get<PullParams>(`${base}/:number`, async (request, reply) => {
    const { repository, pr } = await pullAllowed(context, request, "pull_requests", "read");
    if (!/\bdiff\b/.test(request.headers.accept ?? "")) return pullJson(context, repository, pr);
    const { from, to } = await changeOf(context, repository, pr);
    return reply.type("text/plain").send(await git.in(repository)(["diff", "-M", from, to]));
  });

  app.patch<PullParams>(`${base}/:number`, async (request) => {
    const { repository, pr } = await pullAllowed(context, request, "pull_requests", "write");
    const given = readBody(updateSchema, request);
    checkLength("PullRequest", given.body);
    await inTurn(context, async () => {
      const { pull } = pr;
      if (given.base !== undefined && given.base !== pull.base.branch) {
        const sha = await git.commitOf(repository, `refs/heads/${given.base}`);
        if (!sha) throw invalid("base");
        Object.assign(pull.base, { branch: given.base, sha });
      }
      const edited = given.title !== undefined || given.body !== undefined || given.base !== undefined;
      if (given.title !== undefined) pr.title = given.title;
      if (given.body !== undefined) pr.body = given.body;
      if (given.maintainer_can_modify !== undefined) pull.maintainerCanModify = given.maintainer_can_modify;
      pr.updatedAt = state.timestamp();
      state.save();
      await testMerge(context, repository, pr);
      if (edited) await tellPull(context, repository, pr, "edited", originOf(request));
      if (given.state) await setPullState(context, repository, pr, given.state, originOf(request));
    });
    return pullJson(context, repository, pr);
  });

  app.get<PullParams>(`${base}/:number/commits`, async (request, reply) => {
    const { repository, pr } = await pullAllowed(context, request, "pull_requests", "read");
    const { from, to } = await changeOf(context, repository, pr);
    // GitHub shows 250 and no more.
    const commits = await log(context, repository, ["--reverse", "--topo-order", `${from}..${to}`]);
    return page(request, reply, context.url, commits.slice(0, 250)).map((commit) =>
      commitJson(context, repository, commit),
    );
  });

  app.get<PullParams>(`${base}/:number/files`, async (request, reply) => {
    const { repository, pr } = await pullAllowed(context, request, "pull_requests", "read");
    const { to, files } = await changeOf(context, repository, pr);
    return page(request, reply, context.url, files).map((file) => fileJson(context, repository, to, file));
  });

  app.get<PullParams>("/repos/:owner/:repo/commits/:sha/pulls", async (request, reply) => {
    const repository = context.allowed(request, "pull_requests", "read");
    await pullsInStep(context);
    const sha = await git.commitOf(repository, request.params.sha);
    if (!sha) throw new GitHubError(422, `No commit found for SHA: ${request.params.sha}`);
    const found: PullRequest[] = [];
    for (const pr of pullsOf(context, repository)) {
      const { commits } = await changeOf(context, repository, pr);
      if (commits.includes(sha) || pr.pull.mergedCommits.includes(sha)) found.push(pr);
    }
    return page(request, reply, context.url, found).map((pr) => pullSimpleJson(context, repository, pr));
  });
}
