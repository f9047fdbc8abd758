import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { annotation, asLog } from "../../../delivery/annotations.ts";
import { decide, rollbackTarget } from "../../../delivery/decision.ts";
import { releasesIn } from "../../../delivery/history.ts";
import { marked, markerOf } from "../../../delivery/proposal.ts";
import { formatRelease, isNewer, isPrerelease, parseRelease } from "../../../delivery/release.ts";
import { releaseFile } from "../../../delivery/releaseFile.ts";
import { digest, stackText } from "./configRepository.mts";

const one = (tag: string, letter = "a") => ({ tag, digest: digest(letter) });
const pull = (tag: string, number = 1) => ({ ...one(tag), pull: number });
const known = { environment: "dev", history: [one("v1.0.0")], declined: [] };

describe("Releases", () => {
  it("are in the order of their versions", () => {
    for (const [newer, older] of [
      ["v0.0.10", "v0.0.9"],
      ["v1.0.0", "v1.0.0-rc.2"],
      ["v1.0.0-rc.10", "v1.0.0-rc.9"],
      ["1.2.4", "v1.2.3"],
    ] as const) {
      assert.equal(isNewer(one(newer), one(older)), true, `${newer} > ${older}`);
      assert.equal(isNewer(one(older), one(newer)), false, `${older} < ${newer}`);
    }
    assert.equal(isNewer(one("v1.0.0"), one("1.0.0")), false);
  });

  it("without a version have no order: any other counts as newer", () => {
    const [a, b] = ["a", "b"].map((letter) => one(`sha-${letter.repeat(40)}`));
    assert.ok(a && b);
    assert.deepEqual([isNewer(a, b), isNewer(b, a), isNewer(a, a)], [true, true, false]);
  });

  it("are written with their digest, and read again", () => {
    assert.deepEqual(parseRelease(formatRelease(one("v1.0.0"))), one("v1.0.0"));
    assert.deepEqual(parseRelease("v1.0.0"), { tag: "v1.0.0" });
    assert.deepEqual([isPrerelease(one("v1.0.0-rc.1")), isPrerelease(one("v1.0.0"))], [true, false]);
  });

  it("fail to be read where they are none", () => {
    for (const text of ["", "-x", "v1 0", "v1@sha256:short", "v1@", "$(id)", "a".repeat(129)])
      assert.throws(() => parseRelease(text), /expected/, text);
  });

  it("that a pull request's text names are read, whatever a person makes of it", () => {
    assert.deepEqual(marked(`text\n${markerOf(formatRelease(one("v1.0.0")))}`), one("v1.0.0"));
    for (const text of [null, "", "<!-- slipway release: -x -->", "<!-- slipway release: v1@sha256:1 -->"])
      assert.equal(marked(text), undefined);
  });
});

describe("Deciding about a release", () => {
  const outcome = (wanted: ReturnType<typeof one>, more: Partial<Parameters<typeof decide>[1]> = {}) => {
    const decision = decide(wanted, { ...known, ...more });
    return decision.act ? "taken" : decision.why;
  };

  it("takes what is newer than all there was, is proposed and was declined", () => {
    assert.equal(outcome(one("v1.0.1")), "taken");
    assert.equal(outcome(one("v1.0.1"), { history: [] }), "taken");
    assert.equal(outcome(one("v1.0.2"), { proposed: pull("v1.0.1") }), "taken");
    assert.equal(outcome(one("v1.0.2"), { declined: [pull("v1.0.1")] }), "taken");
    assert.equal(outcome(one("v1.0.1"), { proposed: pull("v1.0.1") }), "taken", "which changes nothing");
    assert.equal(outcome(one("v1.0.1"), { proposed: pull("v0.9.0") }), "taken", "over a proposed rollback");
  });

  it("leaves alone what is there, and what a tag without digest means already", () => {
    assert.match(outcome(one("v1.0.0")), /dev has v1\.0\.0 already/);
    assert.match(outcome(one("v1.0.0"), { history: [{ tag: "v1.0.0" }] }), /dev has v1\.0\.0 already/);
  });

  it("leaves alone, and says why, what is older or was before", () => {
    const history = [one("v1.0.0"), one("v1.0.2"), one("v1.0.0")];
    assert.match(outcome(one("v1.0.2"), { history }), /rolled back to v1\.0\.0, which holds/);
    assert.match(outcome(one("v1.0.1"), { history }), /v1\.0\.1 is older than v1\.0\.2, which dev had/);
    assert.match(outcome(one("v1.0.1"), { proposed: pull("v1.0.2", 7) }), /#7 proposes v1\.0\.2 already/);
    assert.match(outcome(one("v1.0.1"), { declined: [pull("v1.0.1", 8)] }), /was declined: pull request #8/);
    assert.match(
      outcome(one("v1.0.1"), { declined: [pull("v1.0.2", 8)] }),
      /older than v1\.0\.2, which was declined/,
    );
    const pushed = [one(`sha-${"1".repeat(40)}`), one(`sha-${"2".repeat(40)}`)];
    assert.match(outcome(pushed[0] as never, { history: pushed }), /which holds/);
  });

  it("fails where a tag changed its content, wherever it was seen", () => {
    const moved = one("v1.0.0", "b");
    assert.throws(() => outcome(moved), /v1\.0\.0 was sha256:a+ and is now sha256:b+/);
    assert.throws(() => outcome(moved, { history: [], proposed: pull("v1.0.0") }), /publish a new release/);
    assert.throws(() => outcome(moved, { history: [], declined: [pull("v1.0.0")] }), /publish a new release/);
  });

  it("goes back one release each time, over rollbacks of before", () => {
    const [a, b, c] = [one("v1", "a"), one("v2", "b"), one("v3", "c")];
    assert.equal(rollbackTarget([a, b, c], ""), b);
    assert.equal(rollbackTarget([a, b, c, b], ""), a);
    assert.equal(rollbackTarget([a, b, a, c], "v1"), a);
    assert.throws(() => rollbackTarget([a, b, a], ""), /no release before v1/);
    assert.throws(() => rollbackTarget([], ""), /no release to go back from/);
  });
});

describe("The file that names a release", () => {
  const stack = releaseFile("pulumi", "dev", "acme/shop-dev");

  it("is the stack's, by its name without the organization", () => {
    assert.equal(stack.path, "Pulumi.shop-dev.yaml");
    assert.equal(releaseFile("kustomize", "dev").path, "deploy/dev/kustomization.yaml");
  });

  it("changes by its value alone, or gets one", async () => {
    const wanted = one("v0.0.2", "b");
    const text = stackText("v0.0.1");
    assert.equal(await stack.write(text, wanted), text.replace("v0.0.1", formatRelease(wanted)));
    const quoted = text.replace("v0.0.1", '"v0.0.1"');
    assert.deepEqual(stack.read(await stack.write(quoted, wanted)), wanted);
    for (const empty of [
      "",
      "encryptionsalt: v1:x\n",
      "config:\n",
      "config:\n  slipway:port: 80\n",
      "config: {}\n",
    ]) {
      const written = await stack.write(empty, wanted);
      assert.deepEqual(stack.read(written), wanted, JSON.stringify(empty));
      if (empty.includes("port")) assert.match(written, /slipway:port: 80/);
    }
  });

  it("is read whatever its value looks like", () => {
    assert.deepEqual(stack.read("config:\n  slipway:imageTag: 1.10\n"), { tag: "1.10" });
    assert.equal(stack.read("config: {}\n"), undefined);
    const text = `images:\n- name: shop\n  newTag: "1.10"\n  digest: ${digest("a")}\n`;
    assert.deepEqual(releaseFile("kustomize", "dev").read(text), { tag: "1.10", digest: digest("a") });
    assert.equal(releaseFile("kustomize", "dev").read("resources: []\n"), undefined);
  });

  it("has a history in which mistakes of long ago stop nothing", () => {
    const texts = [stackText("v1"), undefined, "config: [", stackText("v1"), stackText("v2"), stackText("-")];
    assert.deepEqual(
      releasesIn(stack, texts).map(({ tag }) => tag),
      ["v1", "v2"],
    );
  });
});

describe("What the job's log gets", () => {
  it("has annotations of one line, and no other program's workflow commands", () => {
    assert.equal(annotation("error", "50 %\r\nno"), "::error::50 %25%0D%0Ano");
    assert.doesNotMatch(asLog("a\n::set-env name=x::y\n  ::error::z\n##[group]"), /^\s*(::|##\[)/m);
  });
});
