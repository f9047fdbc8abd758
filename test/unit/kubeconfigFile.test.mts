import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { parse } from "yaml";
import { mergeKubeconfig, portable } from "../../commands/mergeKubeconfig.mts";

const addition = {
  clusters: [{ name: "new", cluster: { server: "https://new.invalid" } }],
  users: [{ name: "new-user", user: { token: "canary-not-a-real-token" } }],
  contexts: [{ name: "new", context: { cluster: "new", user: "new-user" } }],
  "current-context": "new",
};

const existing = `# mine
apiVersion: v1
kind: Config
preferences: {colors: true}
current-context: old
clusters:
- cluster: {server: "https://old.invalid"} # by hand
  name: old
- cluster: {server: "https://stale.invalid"}
  name: new
users:
- name: old-user
  user: {}
contexts:
- context: {cluster: old, user: old-user}
  name: old
x-unknown: kept
`;

describe("kubeconfig file", () => {
  it("keeps everything else that is in it", () => {
    const merged = mergeKubeconfig(existing, addition, false);
    for (const line of ["# mine", "# by hand", "x-unknown: kept"]) assert.ok(merged.includes(line), line);
    const { clusters, users, contexts, "current-context": current, preferences } = parse(merged);
    assert.equal(current, "old");
    assert.deepEqual(preferences, { colors: true });
    assert.deepEqual(clusters, [
      { cluster: { server: "https://old.invalid" }, name: "old" },
      addition.clusters[0],
    ]);
    assert.deepEqual(
      users.map((user: { name: string }) => user.name),
      ["old-user", "new-user"],
    );
    assert.equal(contexts.length, 2);
  });

  it("is the same after a second merge", () => {
    const once = mergeKubeconfig(existing, addition, false);
    assert.equal(mergeKubeconfig(once, addition, false), once);
  });

  it("changes the current context only when asked, or when there is none", () => {
    assert.equal(parse(mergeKubeconfig(existing, addition, true))["current-context"], "new");
    assert.equal(parse(mergeKubeconfig("", addition, false))["current-context"], "new");
    assert.equal(parse(mergeKubeconfig('current-context: ""\n', addition, false))["current-context"], "new");
  });

  it("is written new where there is none, or where its lists are null", () => {
    assert.deepEqual(parse(mergeKubeconfig("", addition, false)), {
      apiVersion: "v1",
      kind: "Config",
      ...addition,
    });
    assert.deepEqual(parse(mergeKubeconfig("clusters: null\n", addition, false)).clusters, addition.clusters);
  });

  it("fails for a text that is no kubeconfig", () => {
    assert.throws(() => mergeKubeconfig("a: [", addition, false), /not a kubeconfig/);
    assert.throws(() => mergeKubeconfig("just words", addition, false), /no YAML map/);
  });

  it("names the credential plugin by its whole path, and takes the API token out", () => {
    const text = `users:
- name: u
  user:
    exec: {command: node, args: [commands/clusterCredential.mts, id], env: [{name: DIGITALOCEAN_TOKEN, value: canary}]}
`;
    const { users } = portable(text, "/somewhere") as { users: { user: { exec: object } }[] };
    assert.deepEqual(users[0]?.user.exec, {
      command: "node",
      args: ["/somewhere/commands/clusterCredential.mts", "id"],
    });
  });
});
