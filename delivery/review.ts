import { commentMarker, packedIn } from "./comment.ts";
import type { GitHub } from "./github.ts";
import { nameOf, unpack, type Plan } from "./plan.ts";
import { previewedPlan } from "./statuses.ts";

/** A comment of these scripts on a pull request. */
export interface Comment {
  id: number;
  body: string;
}

/** The preview's comment on a pull request. One that a person wrote is none, whatever it says. */
export async function findComment(
  { rest, paginate, at }: GitHub,
  pull: number,
  environment: string,
): Promise<Comment | undefined> {
  const comments = await paginate(rest.issues.listComments, { ...at, issue_number: pull, per_page: 100 });
  return comments
    .map(({ id, body, user }) => ({ id, body: body ?? "", user }))
    .find(({ body, user }) => user?.type === "Bot" && body.startsWith(commentMarker(environment)));
}

/** The merged pull request behind a commit, and what was reviewed in it. */
export interface Review {
  pull: number;
  /** Name of the plan that its preview told; undefined if none went well. */
  name: string | undefined;
  /** The plan itself, where it is still known. */
  plan: Plan | undefined;
}

/** What was reviewed before a commit came to the branch; undefined if no pull request brought it. */
export async function reviewOf(
  github: GitHub,
  sha: string,
  environment: string,
): Promise<Review | undefined> {
  const { rest, at } = github;
  const { data: pulls } = await rest.repos.listPullRequestsAssociatedWithCommit({ ...at, commit_sha: sha });
  const merged = pulls.filter(({ merged_at: when }) => when);
  const pull = merged.find(({ merge_commit_sha: commit }) => commit === sha) ?? merged[0];
  if (!pull) return undefined;
  const name = await previewedPlan(github, pull.head.sha, environment);
  if (!name) return { pull: pull.number, name, plan: undefined };
  const kept = packedIn((await findComment(github, pull.number, environment))?.body ?? "");
  const plan = kept ? unpack(kept) : undefined;
  // Comments can be edited; statuses can't.
  return { pull: pull.number, name, plan: plan && nameOf(plan) === name ? plan : undefined };
}
