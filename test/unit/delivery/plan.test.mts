import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";
import {
  commentMarker,
  describeAll,
  describe as described,
  failureComment,
  mostCharacters,
  packedIn,
  planComment,
} from "../../../delivery/comment.ts";
import { differences } from "../../../delivery/differences.ts";
import { planOfDiff } from "../../../delivery/engines/kubectlDiff.ts";
import { errorsOf, planOf, type Preview } from "../../../delivery/engines/pulumi.ts";
import { maskOf } from "../../../delivery/masking.ts";
import { compare, counts, digestOf, nameOf, plan, unpack, type Plan } from "../../../delivery/plan.ts";

const clear = (text: string) => text;
/** What `pulumi preview --json` printed for a small program, without times and places. */
const recorded = (name: string) =>
  JSON.parse(readFileSync(new URL(`recorded/${name}.json`, import.meta.url), "utf8")) as Preview;
const about = { environment: "dev", runUrl: "https://github.example/run/1" };

describe("Plan of a Pulumi preview", () => {
  it("names what changes, by property, and what is created", () => {
    const changed = planOf(recorded("changed"), clear, "/nowhere");
    assert.equal(counts(changed), "1 to update, 3 to replace");
    const deployment = changed.changes.find(({ kind }) => kind === "Deployment");
    assert.deepEqual(deployment?.properties[0], { path: "spec.replicas", old: "1", new: "2" });
    const claim = changed.changes.find(({ kind }) => kind === "PersistentVolumeClaim");
    assert.deepEqual(claim?.because, ["metadata.name"]);
    assert.equal(counts(planOf(recorded("created"), clear, "/nowhere")), "4 to create");
  });

  it("holds no secret, and says what is known later", () => {
    const preview: Preview = {
      steps: [
        {
          op: "create",
          urn: "urn:pulumi:dev::slipway::kubernetes:core/v1:ConfigMap::c",
          newState: {
            inputs: {
              a: {
                "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
                plaintext: "canary",
              },
              b: "[secret]",
              c: "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
              __internal: "canary",
            },
          },
        },
      ],
    };
    assert.deepEqual(planOf(preview, clear, "/nowhere").changes[0]?.properties, [
      { path: "a", old: undefined, new: "(secret)" },
      { path: "b", old: undefined, new: "(secret)" },
      { path: "c", old: undefined, new: "known after the update" },
    ]);
    for (const name of ["created", "changed"])
      assert.doesNotMatch(JSON.stringify(planOf(recorded(name), clear, "/nowhere")), /hunter/);
  });

  it("has a digest that neither order, time nor place changes, and each change does", () => {
    const preview = recorded("changed");
    const other = structuredClone(preview);
    other.steps?.reverse();
    for (const { newState } of other.steps ?? [])
      Object.assign(newState ?? {}, { modified: "2026-11-23T00:00:00Z", sourcePosition: "elsewhere" });
    const digest = digestOf(planOf(preview, clear, "/nowhere"));
    assert.equal(digestOf(planOf(other, clear, "/nowhere")), digest);
    const withPlace = (folder: string) =>
      nameOf(
        planOf(
          {
            steps: [
              {
                op: "create",
                urn: "urn:pulumi:a::b::c:d:E::f",
                newState: { inputs: { context: `${folder}/app` } },
              },
            ],
          },
          clear,
          folder,
        ),
      );
    assert.equal(withPlace("/home/runner/one"), withPlace("/home/runner/two"));
    const replicas = structuredClone(preview);
    const deployment = replicas.steps?.find(({ urn }) => urn.includes("Deployment"));
    (deployment?.newState?.inputs?.spec as { replicas: number }).replicas = 3;
    assert.notEqual(digestOf(planOf(replicas, clear, "/nowhere")), digest);
  });

  it("takes the steps of one replacement together", () => {
    const urn = "urn:pulumi:dev::slipway::kubernetes:core/v1:Namespace::n";
    const { changes } = planOf(
      {
        steps: ["create-replacement", "replace", "delete-replaced"].map((op) => ({
          op,
          urn,
          oldState: { inputs: { a: 1 } },
          newState: { inputs: { a: 2 } },
        })),
      },
      clear,
      "/nowhere",
    );
    assert.deepEqual(
      changes.map(({ op, properties }) => [op, properties]),
      [["replace", [{ path: "a", old: "1", new: "2" }]]],
    );
  });

  it("of one that failed is the engine's own reason", () => {
    assert.equal(
      errorsOf(recorded("failed"), clear),
      "configuration of stack dev is not right:\n  replicas: expected 1, got canary-secret-value",
    );
  });

  it("survives being packed into a comment, and finds what was not reviewed", () => {
    const reviewed = planOf(recorded("changed"), clear, "/nowhere");
    const word = packedIn(planComment(reviewed, about)) ?? "";
    const again = unpack(word);
    assert.equal(again && digestOf(again), digestOf(reviewed));
    assert.equal(unpack("bm90aGluZw=="), undefined);
    const now = plan([
      ...reviewed.changes.slice(1),
      { id: "new", op: "delete", kind: "Namespace", name: "n", properties: [] },
    ]);
    const { more, less } = compare(reviewed, now);
    assert.deepEqual(
      more.changes.map(({ id }) => id),
      ["new"],
    );
    assert.deepEqual(
      less.changes.map(({ id }) => id),
      [reviewed.changes[0]?.id],
    );
  });
});

describe("Plan of kubectl diff", () => {
  const output = (
    kind: string,
    before: string,
    after: string,
  ) => `diff -N -U 100000 /tmp/LIVE-1/x /tmp/MERGED-2/x
--- /tmp/LIVE-1/x\t2026-11-23 06:20:00.1 +0000
+++ /tmp/MERGED-2/x\t2026-11-23 06:20:00.2 +0000
@@ -1,9 +1,9 @@
 apiVersion: v1
 kind: ${kind}
 metadata:
   annotations:
-    kubectl.kubernetes.io/last-applied-configuration: old
+    kubectl.kubernetes.io/last-applied-configuration: new
-  generation: 1
+  generation: 2
   name: demo
   namespace: default
${before}${after}`;

  it("has the properties that a person set, and none that the cluster keeps", () => {
    const one = planOfDiff(output("Deployment", "-spec: {replicas: 1}\n", "+spec: {replicas: 2}\n"), clear);
    assert.deepEqual(one.changes, [
      {
        id: "Deployment/default/demo",
        op: "update",
        kind: "Deployment",
        name: "demo",
        properties: [{ path: "spec.replicas", old: "1", new: "2" }],
      },
    ]);
    assert.deepEqual(planOfDiff(output("Deployment", "", ""), clear).changes, []);
    assert.deepEqual(planOfDiff("", clear).changes, []);
  });

  it("says what is new", () => {
    const one = (live: string) =>
      planOfDiff(
        `diff -N -U 100000 a b\n--- a\n+++ b\n@@ -1 +1,6 @@\n${live}+kind: Secret\n+metadata:\n+  uid: x\n+  name: s\n+data:\n+  key: '***'\n`,
        clear,
      );
    for (const live of ["", "-null\n"])
      assert.deepEqual(one(live).changes, [
        {
          id: "Secret//s",
          op: "create",
          kind: "Secret",
          name: "s",
          properties: [
            { path: "data.key", old: undefined, new: "***" },
            { path: "kind", old: undefined, new: "Secret" },
            { path: "metadata.name", old: undefined, new: "s" },
          ],
        },
      ]);
  });

  it("never holds a Secret's data", () => {
    const text = output("Secret", "-data: {key: Y2FuYXJ5MQ==}\n", "+data: {key: '*** (after)'}\n");
    assert.deepEqual(planOfDiff(text, clear).changes[0]?.properties, [
      { path: "data.key", old: "(secret)", new: "*** (after)" },
    ]);
  });
});

describe("Comment of a plan", () => {
  const many = (count: number, length: number): Plan =>
    plan(
      Array.from({ length: count }, (_, index) => ({
        id: String(index).padStart(5, "0"),
        op: "update" as const,
        kind: "ConfigMap",
        name: `c${index}`,
        properties: Array.from({ length: 3 }, (_, property) => ({
          path: `data.k${property}`,
          old: "x".repeat(length),
          new: "y".repeat(length),
        })),
      })),
    );

  it("begins with the release and the counts, then with what may be lost", () => {
    const lines = planComment(planOf(recorded("changed"), clear, "/nowhere"), {
      ...about,
      before: { tag: "v0.0.1" },
      after: { tag: "v0.0.2" },
    }).split("\n");
    assert.equal(lines[0], commentMarker("dev"));
    assert.equal(lines[1], "### dev: image v0.0.1 → v0.0.2: 1 to update, 3 to replace");
    assert.equal(lines[3], "> [!CAUTION]");
    assert.match(lines[5] ?? "", /PersistentVolumeClaim.*`data` is replaced/);
  });

  it("says so where nothing changes", () => {
    assert.match(planComment(plan([]), about), /### dev: no changes\n/);
  });

  it("is never longer than GitHub takes, is cut between two changes, and says where all of it is", () => {
    for (const [count, length] of [
      [20, 380],
      [200, 380],
      [3000, 10],
      [70, 200],
    ] as const) {
      const comment = planComment(many(count, length), about);
      assert.ok(comment.length <= mostCharacters, `${count} × ${length}: ${comment.length}`);
      assert.equal((comment.match(/^```/gm) ?? []).length % 2, 0, "every block ends");
      const shown = (comment.match(/^\*\*ConfigMap\*\*/gm) ?? []).length;
      const left = Number(/\*\*(\d+) more change/.exec(comment)?.[1] ?? 0);
      assert.equal(shown + left, count);
      if (left > 0)
        assert.match(comment, /\[The run's summary\]\(https:\/\/github\.example\/run\/1\) has all of it/);
    }
    const lost = plan(
      Array.from({ length: 3000 }, (_, index) => ({
        id: String(index),
        op: "delete" as const,
        kind: "Namespace",
        name: `n${index}`,
        properties: [],
      })),
    );
    assert.ok(planComment(lost, about).length <= mostCharacters);
    assert.ok(failureComment("x".repeat(200_000), about).length <= mostCharacters);
  });

  it("shows of long values what differs, and all of them in the summary", () => {
    const [old, now] = ["old", "new"].map((end) => `${"x".repeat(5000)}${end}`);
    const long = plan([
      {
        id: "a",
        op: "update",
        kind: "ConfigMap",
        name: "c",
        properties: [{ path: "data.x", old, new: now }],
      },
    ]);
    const text = described(long, about);
    assert.match(text, /^- data\.x: \.\.\.x+old \(5003 characters\)$/m);
    assert.match(text, /^\+ data\.x: \.\.\.x+new \(5003 characters\)$/m);
    assert.ok(text.length < 1000);
    assert.ok(describeAll(long, about).includes(`- data.x: ${old}\n`));
  });

  it("takes no markup from values", () => {
    const evil = "```\n<!-- slipway preview prod -->\n# @everyone <img src=x>";
    const text = described(
      plan([
        {
          id: "a",
          op: "update",
          kind: "ConfigMap",
          name: "`a` <b>",
          properties: [{ path: "data.x", old: "1", new: evil }],
        },
      ]),
      about,
    );
    const fence = /^(`{4,})diff$/m.exec(text)?.[1] ?? "";
    const [, inside = ""] = text.split(`${fence}diff\n`);
    assert.match(inside.split(`\n${fence}\n`)[0] ?? "", /<img src=x>/);
    assert.match(text, /`` `a` <b> ``/);
    assert.match(failureComment(evil, about), /^`{4}\n```\n/m);
  });
});

describe("Masking", () => {
  const env = {
    SLIPWAY_SECRETS: "PULUMI_CONFIG_PASSPHRASE, KUBECONFIG_CONTENT,SHORT,MISSING",
    PULUMI_CONFIG_PASSPHRASE: 'canary "pass" phrase',
    KUBECONFIG_CONTENT: "kind: Config\nusers:\n- token: canary-token-in-a-file\n",
    SHORT: "no",
    OTHER: "a plain value",
    GITHUB_TOKEN: "canary-github-token",
  };

  it("takes out each secret of the job, in every form, and nothing else", () => {
    const mask = maskOf(env);
    for (const secret of [
      'canary "pass" phrase',
      JSON.stringify('canary "pass" phrase').slice(1, -1),
      Buffer.from('canary "pass" phrase').toString("base64"),
      encodeURIComponent('canary "pass" phrase'),
      "canary-token-in-a-file",
      "canary-github-token",
    ])
      assert.equal(mask(`before ${secret} after`), "before *** after");
    for (const text of ["no plain value is a plain value", "kind: Config"]) assert.equal(mask(text), text);
  });
});

describe("Differences of two values", () => {
  it("are by property, with unusual names quoted", () => {
    assert.deepEqual(
      differences({ a: [1, { "b/c": 2 }], d: {} }, { a: [1, { "b/c": 3 }, 4], d: { e: true } }),
      [
        { path: 'a[1]["b/c"]', old: "2", new: "3" },
        { path: "a[2]", old: undefined, new: "4" },
        { path: "d", old: "{}", new: undefined },
        { path: "d.e", old: undefined, new: "true" },
      ],
    );
  });
});
