import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { packedIn, planComment } from "../../../delivery/comment.ts";
import { differences } from "../../../delivery/differences.ts";
import { planOfDiff } from "../../../delivery/engines/kubectlDiff.ts";
import { errorsOf, planOf, type Preview } from "../../../delivery/engines/pulumi.ts";
import { compare, counts, digestOf, nameOf, plan, unpack } from "../../../delivery/plan.ts";
import { recorded } from "./recorded.mts";

const clear = (text: string) => text;
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
