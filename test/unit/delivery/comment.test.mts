import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  commentMarker,
  describe as described,
  describeAll,
  failureComment,
  mostCharacters,
  planComment,
} from "../../../delivery/comment.ts";
import { planOf } from "../../../delivery/engines/pulumi.ts";
import { maskOf } from "../../../delivery/masking.ts";
import { plan, type Plan } from "../../../delivery/plan.ts";
import { recorded } from "./recorded.mts";

const clear = (text: string) => text;
const about = { environment: "dev", runUrl: "https://github.example/run/1" };

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
