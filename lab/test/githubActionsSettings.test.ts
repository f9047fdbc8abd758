import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import sodium from "libsodium-wrappers";
import { addUser } from "../github/control.ts";
import { mayDeployFrom, type Environment } from "../github/environments.ts";
import { secretsFor } from "../github/secrets.ts";
import { createRepository } from "../github/repositories.ts";
import { createServer } from "../github/server.ts";
import { addToken } from "../github/tokens.ts";
import { variablesFor } from "../github/variables.ts";
import { type GitHub, startGitHub } from "./githubServer.ts";

interface Key {
  key_id: string;
  key: string;
}

describe("the lab's GitHub: what Actions are given", () => {
  let github: GitHub;
  const shop = "/repos/ann/shop";

  before(async () => {
    await sodium.ready;
    github = startGitHub();
    await github.ann("POST", "/user/repos", { name: "shop", auto_init: true });
  });
  after(() => github.stop());

  const repository = () => {
    const found = github.context.state.repository("ann", "shop");
    assert.ok(found);
    return found;
  };
  /** An answer that GitHub's description does not have. */
  const refused = async (method: "PUT" | "POST", url: string, body: object, token = github.annToken) => {
    const answer = await github.app.inject({
      method,
      url: `/api/v3${url}`,
      headers: { authorization: `Bearer ${token}` },
      payload: body,
    });
    return { status: answer.statusCode, message: (answer.json() as { message: string }).message };
  };
  const seal = (text: string, { key }: Key) => {
    const { ORIGINAL } = sodium.base64_variants;
    return sodium.to_base64(sodium.crypto_box_seal(text, sodium.from_base64(key, ORIGINAL)), ORIGINAL);
  };
  const keyOf = async (base: string) => (await github.ann<Key>("GET", `${base}/public-key`)).body;
  const put = async (base: string, name: string, text: string) => {
    const key = await keyOf(base);
    return github.ann("PUT", `${base}/${name}`, { key_id: key.key_id, encrypted_value: seal(text, key) });
  };

  describe("secrets", () => {
    const secrets = `${shop}/actions/secrets`;
    const inProd = `${shop}/environments/prod/secrets`;
    before(() => github.ann("PUT", `${shop}/environments/prod`));

    it("are taken as sealed boxes, opened for the runner and answered to nobody", async () => {
      assert.equal((await put(secrets, "registry_token", "canary one")).status, 201);
      assert.equal((await put(secrets, "REGISTRY_TOKEN", "canary two ✓")).status, 204);
      assert.equal((await put(inProd, "KUBECONFIG", "canary three")).status, 201);
      assert.equal((await put(inProd, "REGISTRY_TOKEN", "canary four")).status, 201);
      const { state } = github.context;
      assert.deepEqual(secretsFor(state, repository()), { REGISTRY_TOKEN: "canary two ✓" });
      assert.deepEqual(secretsFor(state, repository(), "Prod"), {
        REGISTRY_TOKEN: "canary four",
        KUBECONFIG: "canary three",
      });
      assert.deepEqual(secretsFor(state, repository(), "nowhere"), { REGISTRY_TOKEN: "canary two ✓" });
      for (const url of [secrets, `${secrets}/REGISTRY_TOKEN`, inProd, `${inProd}/kubeconfig`])
        assert.doesNotMatch(JSON.stringify((await github.ann("GET", url)).body), /canary/);
    });

    it("of an environment are at the path with the repository's number as well", async () => {
      const number = repository().id;
      const answer = await github.app.inject({
        url: `/api/v3/repositories/${number}/environments/prod/secrets/public-key`,
        headers: { authorization: `Bearer ${github.annToken}` },
      });
      assert.deepEqual(answer.json(), await keyOf(inProd));
    });

    it("fails with another key, with what is no box, and with a name that GitHub does not take", async () => {
      const [key, other] = [await keyOf(secrets), await keyOf(inProd)];
      const body = (change: object) => ({
        key_id: key.key_id,
        encrypted_value: seal("canary", key),
        ...change,
      });
      for (const change of [
        { key_id: other.key_id },
        { encrypted_value: seal("canary", other) },
        { encrypted_value: "no box" },
        { encrypted_value: undefined },
      ])
        assert.equal((await refused("PUT", `${secrets}/A`, body(change))).status, 422);
      for (const name of ["GITHUB_TOKEN", "1A", "A-B"])
        assert.equal((await refused("PUT", `${secrets}/${name}`, body({}))).status, 422);
      assert.equal(secretsFor(github.context.state, repository()).A, undefined);
    });

    it("need a permission of their own, even to see their names", async () => {
      const token = github.token("no-secrets", {
        user: "ann",
        kind: "fine-grained",
        repositories: ["ann/shop"],
        permissions: { contents: "write", actions: "write" },
      });
      const answer = await github.as(token)("GET", secrets);
      assert.equal(answer.status, 403);
      assert.equal(answer.body.message, "Resource not accessible by personal access token");
      assert.equal((await github.as(undefined)("GET", secrets)).status, 401);
    });

    it("outlive the process, and so does the key that boxes are sealed for", async () => {
      const folder = mkdtempSync(path.join(tmpdir(), "slipway-github-"));
      const options = { folder, keep: true, url: "http://127.0.0.1:9" };
      const token = "canary-kept-not-a-secret";
      const headers = { authorization: `Bearer ${token}` };
      const url = "/api/v3/repos/ann/kept/actions/secrets";
      const first = createServer(options);
      addUser(first.context, { login: "ann" });
      addToken(first.context.state, { token, user: "ann", kind: "classic", scopes: ["repo"] });
      await createRepository(first.context, "ann", { name: "kept" });
      const key = (await first.app.inject({ url: `${url}/public-key`, headers })).json<Key>();
      await first.app.close();

      const second = createServer(options);
      const payload = { key_id: key.key_id, encrypted_value: seal("canary", key) };
      const put = await second.app.inject({ method: "PUT", url: `${url}/A`, headers, payload });
      assert.equal(put.statusCode, 201);
      await second.app.close();
      const third = createServer(options);
      const kept = third.context.state.repository("ann", "kept");
      assert.ok(kept);
      assert.deepEqual(secretsFor(third.context.state, kept), { A: "canary" });
      await third.app.close();
      rmSync(folder, { recursive: true });
    });

    it("go", async () => {
      await put(secrets, "SHORT_LIVED", "canary");
      assert.equal((await github.ann("DELETE", `${secrets}/SHORT_LIVED`)).status, 204);
      assert.equal((await github.ann("GET", `${secrets}/SHORT_LIVED`)).status, 404);
    });
  });

  describe("variables", () => {
    it("are created once, changed, listed in pages and deleted", async () => {
      const variables = `${shop}/actions/variables`;
      for (let i = 10; i < 25; i++)
        await github.ann("POST", variables, { name: `name_${i}`, value: `value ${i}` });
      const twice = await refused("POST", variables, { name: "NAME_10", value: "x" });
      assert.equal(twice.status, 409);
      assert.equal((await github.ann("PATCH", `${variables}/NAME_11`, { value: "new" })).status, 204);
      assert.equal((await github.ann("GET", `${variables}/name_11`)).body.value, "new");
      const listed = await github.ann<{ total_count: number; variables: { name: string }[] }>(
        "GET",
        `${variables}?page=2`,
      );
      assert.equal(listed.body.total_count, 15);
      assert.deepEqual(
        listed.body.variables.map(({ name }) => name),
        ["NAME_20", "NAME_21", "NAME_22", "NAME_23", "NAME_24"],
      );
      assert.match(listed.headers.link ?? "", /rel="first"/);
      assert.equal((await github.ann("DELETE", `${variables}/NAME_10`)).status, 204);
      assert.equal((await github.ann("GET", `${variables}/NAME_10`)).status, 404);
    });

    it("of an environment stand over the repository's", async () => {
      await github.ann("PUT", `${shop}/environments/dev`);
      const base = `${shop}/environments/dev/variables`;
      assert.equal((await github.ann("POST", base, { name: "NAME_12", value: "dev's" })).status, 201);
      const { state } = github.context;
      assert.equal(variablesFor(state, repository()).NAME_12, "value 12");
      assert.equal(variablesFor(state, repository(), "dev").NAME_12, "dev's");
      assert.equal((await github.ann("GET", `${shop}/environments/nowhere/variables`)).status, 404);
    });
  });

  describe("environments", () => {
    interface Shown {
      id: number;
      protection_rules: { type: string; reviewers?: { reviewer: { login: string } }[] }[];
      deployment_branch_policy: object | null;
    }

    it("are protected as told, and keep their number", async () => {
      const ann = github.context.state.user("ann");
      const url = `${shop}/environments/live%2Feu`;
      const first = await github.ann<Shown>("PUT", url, {
        wait_timer: 5,
        reviewers: [{ type: "User", id: ann?.id }],
        deployment_branch_policy: { protected_branches: false, custom_branch_policies: true },
      });
      assert.deepEqual(
        first.body.protection_rules.map(({ type }) => type),
        ["wait_timer", "required_reviewers", "branch_policy"],
      );
      assert.equal(first.body.protection_rules[1]?.reviewers?.[0]?.reviewer.login, "ann");
      const policies = `${url}/deployment-branch-policies`;
      const policy = await github.ann<{ id: number }>("POST", policies, { name: "main" });
      assert.equal((await github.ann("GET", `${policies}/${policy.body.id}`)).body.name, "main");
      await github.ann("PUT", `${policies}/${policy.body.id}`, { name: "release/*" });
      assert.equal((await github.ann("GET", policies)).body.total_count, 1);
      assert.equal((await github.ann("DELETE", `${policies}/${policy.body.id}`)).status, 204);

      const second = await github.ann<Shown>("PUT", url);
      assert.equal(second.body.id, first.body.id);
      assert.deepEqual(second.body.protection_rules, []);
      assert.equal(second.body.deployment_branch_policy, null);
    });

    it("fail for a reviewer that is nobody, and for a policy of both kinds", async () => {
      const url = `${shop}/environments/bad`;
      for (const body of [
        { reviewers: [{ type: "User", id: 1 }] },
        { deployment_branch_policy: { protected_branches: true, custom_branch_policies: true } },
        { wait_timer: 43_201 },
      ])
        assert.equal((await refused("PUT", url, body)).status, 422);
      assert.equal((await github.ann("GET", url)).status, 404);
    });

    it("let those refs deploy that their policy names", () => {
      const policy = (custom: boolean) => ({ protected_branches: !custom, custom_branch_policies: custom });
      const patterns = [
        { id: 1, name: "main", type: "branch" as const },
        { id: 2, name: "release/*", type: "branch" as const },
        { id: 3, name: "v*", type: "tag" as const },
      ];
      const deploys = (ref: string, branchPolicy: Environment["branchPolicy"], policies = patterns) =>
        mayDeployFrom({ branchPolicy, policies } as Environment, ref);
      for (const ref of ["refs/heads/main", "refs/heads/release/1", "refs/tags/v1"])
        assert.equal(deploys(ref, policy(true)), true, ref);
      for (const ref of ["refs/heads/mainly", "refs/heads/release/1/2", "refs/heads/v1", "refs/tags/main"])
        assert.equal(deploys(ref, policy(true)), false, ref);
      assert.equal(deploys("refs/pull/1/merge", policy(true)), false);
      assert.equal(deploys("refs/heads/any", policy(false)), true);
      assert.equal(deploys("refs/pull/1/merge", null), true);
    });

    it("take their secrets with them", async () => {
      const url = `${shop}/environments/brief`;
      await github.ann("PUT", url);
      await put(`${url}/secrets`, "TOKEN", "canary");
      assert.equal((await github.ann("DELETE", url)).status, 204);
      await github.ann("PUT", url);
      assert.equal((await github.ann("GET", `${url}/secrets`)).body.total_count, 0);
    });
  });

  it("is nobody's business, in a public repository as well", async () => {
    await github.ann("PUT", `${shop}/environments/prod`);
    const bob = github.as(github.token("bob", { user: "bob", kind: "classic", scopes: ["repo"] }));
    const rest = ["actions/secrets", "actions/variables", "actions/permissions", "environments/prod/secrets"];
    for (const path of rest) {
      assert.equal((await github.as(undefined)("GET", `${shop}/${path}`)).status, 401, path);
      assert.equal((await bob("GET", `${shop}/${path}`)).status, 404, path);
    }
    assert.equal((await bob("GET", `${shop}/environments/prod`)).status, 200);
  });

  it("permissions of Actions are the least at first, and kept", async () => {
    const url = `${shop}/actions/permissions`;
    assert.deepEqual((await github.ann("GET", url)).body, {
      enabled: true,
      allowed_actions: "all",
      sha_pinning_required: false,
    });
    assert.deepEqual((await github.ann("GET", `${url}/workflow`)).body, {
      default_workflow_permissions: "read",
      can_approve_pull_request_reviews: false,
    });
    const wanted = { default_workflow_permissions: "read", can_approve_pull_request_reviews: true };
    assert.equal((await github.ann("PUT", `${url}/workflow`, wanted)).status, 204);
    assert.deepEqual((await github.ann("GET", `${url}/workflow`)).body, wanted);
    assert.equal((await github.ann("PUT", url, { enabled: false })).status, 204);
    assert.equal((await github.ann("GET", url)).body.enabled, false);
  });
});
