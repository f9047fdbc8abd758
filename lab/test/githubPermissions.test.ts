import assert from "node:assert/strict";
import { type GitHub, startGitHub } from "./githubServer.ts";

type Level = "read" | "write";

/**
 * Operations below the repository, by the one permission that each needs of a fine-grained token
 * (docs.github.com, "Permissions required for fine-grained personal access tokens"). A value is a level and
 * the operations that ask for it.
 */
const documented: Record<string, Record<Level, string[]>> = {
  actions: {
    read: [
      "GET actions/runs",
      "GET actions/runs/1",
      "GET actions/runs/1/jobs",
      "GET actions/runs/1/attempts/1/jobs",
      "GET actions/runs/1/pending_deployments",
      "GET actions/runs/1/approvals",
      "GET actions/jobs/1",
      "GET actions/jobs/1/logs",
      "GET actions/workflows",
      "GET actions/workflows/1",
      "GET actions/workflows/1/runs",
      "GET environments",
      "GET environments/prod",
      "GET environments/prod/deployment-branch-policies",
      "GET environments/prod/deployment-branch-policies/1",
    ],
    write: [
      "POST actions/workflows/1/dispatches",
      "PUT actions/workflows/1/enable",
      "PUT actions/workflows/1/disable",
      "POST actions/runs/1/cancel",
      "POST actions/runs/1/rerun",
      "POST actions/runs/1/rerun-failed-jobs",
      "POST actions/jobs/1/rerun",
    ],
  },
  administration: {
    read: ["GET actions/permissions", "GET actions/permissions/workflow"],
    write: [
      "PUT actions/permissions",
      "PUT actions/permissions/workflow",
      "PUT environments/new",
      "DELETE environments/none",
      "POST environments/prod/deployment-branch-policies",
      "PUT environments/prod/deployment-branch-policies/1",
      "DELETE environments/prod/deployment-branch-policies/1",
    ],
  },
  secrets: {
    read: ["GET actions/secrets", "GET actions/secrets/public-key", "GET actions/secrets/A"],
    write: ["PUT actions/secrets/A", "DELETE actions/secrets/A"],
  },
  actions_variables: {
    read: ["GET actions/variables", "GET actions/variables/A"],
    write: ["POST actions/variables", "PATCH actions/variables/A", "DELETE actions/variables/A"],
  },
  environments: {
    read: [
      "GET environments/prod/secrets",
      "GET environments/prod/secrets/public-key",
      "GET environments/prod/secrets/A",
      "GET environments/prod/variables",
      "GET environments/prod/variables/A",
    ],
    write: [
      "PUT environments/prod/secrets/A",
      "DELETE environments/prod/secrets/A",
      "POST environments/prod/variables",
      "PATCH environments/prod/variables/A",
      "DELETE environments/prod/variables/A",
    ],
  },
  contents: {
    read: ["GET releases", "GET releases/1", "GET releases/latest", "GET releases/tags/v1"],
    write: ["POST releases", "PATCH releases/1", "DELETE releases/1", "POST dispatches", "PUT pulls/1/merge"],
  },
  deployments: {
    read: ["GET deployments", "GET deployments/1", "GET deployments/1/statuses"],
    write: [
      "POST deployments",
      "DELETE deployments/1",
      "POST deployments/1/statuses",
      "POST actions/runs/1/pending_deployments",
    ],
  },
  statuses: {
    read: ["GET commits/main/status", "GET commits/main/statuses"],
    write: ["POST statuses/main"],
  },
  pull_requests: {
    read: [
      "GET pulls",
      "GET pulls/1",
      "GET pulls/1/files",
      "GET pulls/1/commits",
      "GET pulls/1/merge",
      "GET commits/main/pulls",
    ],
    write: ["POST pulls", "PATCH pulls/1", "PUT pulls/1/update-branch"],
  },
  issues: {
    read: ["GET issues", "GET issues/1", "GET issues/1/comments", "GET issues/1/labels", "GET labels"],
    write: ["POST issues", "PATCH issues/1", "POST issues/1/comments", "POST issues/1/labels", "POST labels"],
  },
};

describe("the lab's GitHub: the permission of each operation", () => {
  let github: GitHub;
  before(async () => {
    github = startGitHub();
    await github.ann("POST", "/user/repos", { name: "vault", private: true, auto_init: true });
    await github.ann("POST", "/repos/ann/vault/issues", { title: "One" });
  });
  after(() => github.stop());

  let tokens = 0;
  const status = async (operation: string, permissions: Record<string, Level>) => {
    const token = github.token(`permissions-${++tokens}`, {
      user: "ann",
      kind: "fine-grained",
      repositories: ["ann/vault"],
      permissions,
    });
    const [method, path] = operation.split(" ") as ["GET" | "POST", string];
    const answer = await github.app.inject({
      method,
      url: `/api/v3/repos/ann/vault/${path}`,
      headers: { authorization: `Bearer ${token}` },
      ...(method === "GET" ? {} : { payload: {} }),
    });
    return answer.statusCode;
  };
  const every = Object.keys(documented);

  for (const [permission, levels] of Object.entries(documented))
    for (const [level, operations] of Object.entries(levels) as [Level, string[]][])
      it(`${permission}: ${level}`, async () => {
        const others = Object.fromEntries(
          every.filter((name) => name !== permission).map((name) => [name, "write"]),
        ) as Record<string, Level>;
        // Whoever may not do it is told so; whoever may is told what is wrong with the rest, if anything.
        for (const operation of operations) {
          assert.notEqual(await status(operation, { [permission]: level }), 403, operation);
          assert.equal(await status(operation, others), 403, operation);
          if (level === "write")
            assert.equal(await status(operation, { ...others, [permission]: "read" }), 403, operation);
        }
      });
});
