import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { notFound, validationFailed } from "./errors.ts";
import {
  createIssue,
  findIssue,
  isPull,
  issueJson,
  issuesOf,
  labelsJson,
  setState,
  type Issue,
} from "./issueRecords.ts";
import { knowLabel, labelNames } from "./labels.ts";
import { page } from "./pagination.ts";
import { tellPull } from "./pullEvents.ts";
import { inTurn, setPullState } from "./pullSync.ts";
import { numberIn, originOf, readBody, tellOnDefaultBranch } from "./requests.ts";
import type { Context } from "./server.ts";
import type { Repository } from "./state.ts";
import { may } from "./tokens.ts";

/** The most characters that a body or comment may have. */
const longest = 65_536;
const tooLong = `too long (maximum is ${longest} characters)`;

/** Text of an issue, pull request or comment. Fails with 422 where it is longer than GitHub keeps. */
export function checkLength(
  resource: "Issue" | "PullRequest" | "IssueComment",
  text: string | null | undefined,
): void {
  // GitHub counts characters, not UTF-16 units.
  if (text && text.length > longest && [...text].length > longest)
    throw validationFailed({
      resource,
      ...(resource === "IssueComment"
        ? { code: "unprocessable", field: "data", message: `Body is ${tooLong}` }
        : { code: "custom", field: "body", message: `body is ${tooLong}` }),
    });
}

/** Finds the issue or pull request of a request, and checks the permission: either's own, or for `write` the other's. */
export function issueAllowed(
  context: Context,
  request: FastifyRequest,
  number: string,
  level: "read" | "write",
): { repository: Repository; issue: Issue } {
  const repository = context.repositoryOf(request);
  const issue = findIssue(context.state, repository, numberIn(number));
  if (!issue) throw notFound();
  const may_ = (permission: string) => may(request.actor, repository, context.state, permission, level);
  if (!may_("issues") && !(isPull(issue) && may_("pull_requests")))
    context.allowed(request, isPull(issue) ? "pull_requests" : "issues", level);
  return { repository, issue };
}

const createSchema = z.object({
  title: z.union([z.string(), z.number()]).transform(String),
  body: z.string().nullish(),
  labels: labelNames.default([]),
  assignees: z.array(z.string()).default([]),
});
const updateSchema = z.object({
  title: z.union([z.string(), z.number()]).transform(String).optional(),
  body: z.string().nullish(),
  state: z.enum(["open", "closed"]).optional(),
  state_reason: z.enum(["completed", "not_planned", "duplicate", "reopened"]).nullish(),
  labels: labelNames.optional(),
  assignees: z.array(z.string()).optional(),
});
const labelsSchema = z.union([
  z.object({ labels: labelNames }),
  labelNames.transform((labels) => ({ labels })),
]);

interface IssueParams {
  Params: { owner: string; repo: string; number: string; name: string };
}
interface ListQuery {
  Querystring: Partial<
    Record<"state" | "labels" | "creator" | "assignee" | "since" | "sort" | "direction", string>
  >;
}

/** Issues of a repository, and what pull requests have in common with them. */
export function issueRoutes(app: FastifyInstance, context: Context): void {
  const { state } = context;
  const base = "/repos/:owner/:repo/issues";

  const tell = (request: FastifyRequest, repository: Repository, issue: Issue, action: string) =>
    isPull(issue)
      ? tellPull(context, repository, issue, action, originOf(request))
      : tellOnDefaultBranch(context, {
          ...originOf(request),
          name: "issues",
          action,
          repository,
          payload: { action, issue: issueJson(context, repository, issue) },
        });
  const idsOf = (repository: Repository, names: string[]) => [
    ...new Set(names.map((name) => knowLabel(state, repository, { name }).id)),
  ];
  const known = (logins: string[]) => logins.filter((login) => state.user(login));

  app.get<ListQuery>(base, async (request, reply) => {
    const repository = context.allowed(request, "issues", "read");
    const found = filterIssues(context, repository, request.query);
    return page(request, reply, context.url, found).map((issue) => issueJson(context, repository, issue));
  });

  app.post(base, async (request, reply) => {
    const repository = context.allowed(request, "issues", "write");
    const given = readBody(createSchema, request);
    if (!given.title.trim())
      throw validationFailed({ resource: "Issue", code: "missing_field", field: "title" });
    checkLength("Issue", given.body);
    const issue = createIssue(state, repository, {
      title: given.title,
      body: given.body ?? null,
      user: originOf(request).actor,
      labels: idsOf(repository, given.labels),
      assignees: known(given.assignees),
    });
    await tell(request, repository, issue, "opened");
    const shown = issueJson(context, repository, issue);
    return reply.code(201).header("location", shown.url).send(shown);
  });

  app.get<IssueParams>(`${base}/:number`, async (request) => {
    const { repository, issue } = issueAllowed(context, request, request.params.number, "read");
    return issueJson(context, repository, issue);
  });

  app.patch<IssueParams>(`${base}/:number`, async (request) => {
    const { repository, issue } = issueAllowed(context, request, request.params.number, "write");
    const given = readBody(updateSchema, request);
    checkLength("Issue", given.body);
    if (given.title !== undefined) issue.title = given.title;
    if (given.body !== undefined) issue.body = given.body;
    if (given.labels) issue.labels = idsOf(repository, given.labels);
    if (given.assignees) issue.assignees = known(given.assignees);
    issue.updatedAt = state.timestamp();
    if (given.state && given.state !== issue.state) {
      const to = given.state;
      if (isPull(issue))
        await inTurn(context, () => setPullState(context, repository, issue, to, originOf(request)));
      else {
        setState(state, issue, to, originOf(request).actor, given.state_reason);
        await tell(request, repository, issue, to === "closed" ? "closed" : "reopened");
      }
    } else await tell(request, repository, issue, "edited");
    state.save();
    return issueJson(context, repository, issue);
  });

  app.get<IssueParams>(`${base}/:number/labels`, async (request, reply) => {
    const { repository, issue } = issueAllowed(context, request, request.params.number, "read");
    return page(request, reply, context.url, labelsJson(context, repository, issue));
  });

  for (const method of ["POST", "PUT"] as const)
    app.route<IssueParams>({
      method,
      url: `${base}/:number/labels`,
      handler: async (request) => {
        const { repository, issue } = issueAllowed(context, request, request.params.number, "write");
        const ids = idsOf(repository, readBody(labelsSchema, request).labels);
        issue.labels = method === "PUT" ? ids : [...new Set([...issue.labels, ...ids])];
        issue.updatedAt = state.timestamp();
        state.save();
        await tell(request, repository, issue, "labeled");
        return labelsJson(context, repository, issue);
      },
    });

  app.delete<IssueParams>(`${base}/:number/labels/:name`, async (request) => {
    const { repository, issue } = issueAllowed(context, request, request.params.number, "write");
    const wanted = request.params.name.toLowerCase();
    const label = labelsJson(context, repository, issue).find(({ name }) => name.toLowerCase() === wanted);
    if (!label) throw notFound();
    issue.labels = issue.labels.filter((id) => id !== label.id);
    issue.updatedAt = state.timestamp();
    state.save();
    await tell(request, repository, issue, "unlabeled");
    return labelsJson(context, repository, issue);
  });
}

function filterIssues(context: Context, repository: Repository, query: ListQuery["Querystring"]): Issue[] {
  const { state: wanted = "open", labels = "", creator, assignee, since, sort, direction } = query;
  if (!["open", "closed", "all"].includes(wanted))
    throw validationFailed({ resource: "Issue", code: "invalid", field: "state" });
  const names = labels.toLowerCase().split(",").filter(Boolean);
  const has = (issue: Issue) => {
    const own = labelsJson(context, repository, issue).map(({ name }) => name.toLowerCase());
    return names.every((name) => own.includes(name));
  };
  const same = (a: string, b: string | undefined) => b === undefined || a.toLowerCase() === b.toLowerCase();
  const found = issuesOf(context.state, repository).filter(
    (issue) =>
      (wanted === "all" || issue.state === wanted) &&
      has(issue) &&
      same(issue.user, creator) &&
      (assignee === undefined || issue.assignees.some((login) => same(login, assignee))) &&
      (since === undefined || issue.updatedAt >= since),
  );
  const key = (issue: Issue) => (sort === "updated" ? issue.updatedAt : issue.createdAt);
  found.sort((a, b) => key(a).localeCompare(key(b)) || a.number - b.number);
  return direction === "asc" ? found : found.reverse();
}
