import type { FastifyInstance, FastifyRequest } from "fastify";
import { z } from "zod";
import { notFound } from "./errors.ts";
import {
  associationOf,
  issueHtml,
  issueJson,
  issuesOf,
  loginJson,
  reactions,
  type Comment,
  type Issue,
} from "./issueRecords.ts";
import { checkLength, issueAllowed } from "./issues.ts";
import { page } from "./pagination.ts";
import { apiOf, numberIn, originOf, readBody, tellOnDefaultBranch } from "./requests.ts";
import type { Context } from "./server.ts";
import { nodeId, type Repository } from "./state.ts";

const schema = z.object({ body: z.string().min(1) });

interface CommentParams {
  Params: { owner: string; repo: string; number: string; id: string };
  Querystring: { since?: string; sort?: string; direction?: string };
}

/** Comments on issues and pull requests. */
export function commentRoutes(app: FastifyInstance, context: Context): void {
  const { state } = context;
  const comments = state.list<Comment>("comments");
  const base = "/repos/:owner/:repo/issues";

  const show = (repository: Repository, issue: Issue, comment: Comment) => {
    const url = `${apiOf(context, repository)}/issues/comments/${comment.id}`;
    return {
      url,
      html_url: `${issueHtml(context, repository, issue)}#issuecomment-${comment.id}`,
      issue_url: `${apiOf(context, repository)}/issues/${issue.number}`,
      id: comment.id,
      node_id: nodeId("IssueComment", comment.id),
      user: loginJson(context, comment.user),
      created_at: comment.createdAt,
      updated_at: comment.updatedAt,
      author_association: associationOf(repository, comment.user),
      body: comment.body,
      reactions: reactions(url),
      performed_via_github_app: null,
    };
  };
  const find = (request: FastifyRequest<CommentParams>, level: "read" | "write") => {
    const repository = context.repositoryOf(request);
    const comment = comments.find((one) => one.id === numberIn(request.params.id));
    const issue = issuesOf(state, repository).find((one) => one.id === comment?.issue);
    if (!comment || !issue) throw notFound();
    return { ...issueAllowed(context, request, String(issue.number), level), comment };
  };
  const tell = (
    request: FastifyRequest,
    { repository, issue, comment }: ReturnType<typeof find>,
    action: string,
  ) =>
    tellOnDefaultBranch(context, {
      ...originOf(request),
      name: "issue_comment",
      action,
      repository,
      payload: {
        action,
        issue: issueJson(context, repository, issue),
        comment: show(repository, issue, comment),
      },
    });

  app.get<CommentParams>(`${base}/comments`, async (request, reply) => {
    const repository = context.allowed(request, "issues", "read");
    const issues = new Map(issuesOf(state, repository).map((issue) => [issue.id, issue]));
    const shown = comments.flatMap((comment) => {
      const issue = issues.get(comment.issue);
      return issue ? [show(repository, issue, comment)] : [];
    });
    if (request.query.direction === "desc") shown.reverse();
    return page(request, reply, context.url, shown);
  });

  app.get<CommentParams>(`${base}/:number/comments`, async (request, reply) => {
    const { repository, issue } = issueAllowed(context, request, request.params.number, "read");
    const { since = "" } = request.query;
    const own = comments.filter((one) => one.issue === issue.id && one.updatedAt >= since);
    return page(request, reply, context.url, own).map((one) => show(repository, issue, one));
  });

  app.post<CommentParams>(`${base}/:number/comments`, async (request, reply) => {
    const { repository, issue } = issueAllowed(context, request, request.params.number, "write");
    const { body } = readBody(schema, request);
    checkLength("IssueComment", body);
    const now = state.timestamp();
    const comment: Comment = {
      id: state.nextId(),
      issue: issue.id,
      user: originOf(request).actor,
      body,
      createdAt: now,
      updatedAt: now,
    };
    comments.push(comment);
    issue.updatedAt = now;
    state.save();
    await tell(request, { repository, issue, comment }, "created");
    const shown = show(repository, issue, comment);
    return reply.code(201).header("location", shown.url).send(shown);
  });

  app.get<CommentParams>(`${base}/comments/:id`, async (request) => {
    const { repository, issue, comment } = find(request, "read");
    return show(repository, issue, comment);
  });

  app.patch<CommentParams>(`${base}/comments/:id`, async (request) => {
    const found = find(request, "write");
    const { body } = readBody(schema, request);
    checkLength("IssueComment", body);
    Object.assign(found.comment, { body, updatedAt: state.timestamp() });
    state.save();
    await tell(request, found, "edited");
    return show(found.repository, found.issue, found.comment);
  });

  app.delete<CommentParams>(`${base}/comments/:id`, async (request, reply) => {
    const found = find(request, "write");
    comments.splice(comments.indexOf(found.comment), 1);
    state.save();
    await tell(request, found, "deleted");
    return reply.code(204).send();
  });
}
