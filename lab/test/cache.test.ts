import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { cached, keyOf, otherEntries } from "../cache.ts";

describe("cache of tools", () => {
  let parent: string;
  const quiet = () => undefined;
  const key = keyOf(["sources"]);
  const visible = () => readdirSync(parent).filter((name) => !name.startsWith("."));

  beforeEach(() => (parent = mkdtempSync(path.join(tmpdir(), "slipway-cache-"))));
  afterEach(() => rmSync(parent, { recursive: true }));

  it("has a key for each list of inputs, not for their text run together", () => {
    assert.match(key, /^[0-9a-f]{16}$/);
    assert.equal(keyOf(["a", Buffer.from("b")]), keyOf(["a", "b"]));
    assert.notEqual(keyOf(["ab", ""]), keyOf(["a", "b"]));
    assert.notEqual(keyOf(["a", "b"]), keyOf(["b", "a"]));
  });

  it("makes an entry once, and gives its folder from then on", async () => {
    let made = 0;
    const make = async (dir: string) => writeFileSync(path.join(dir, "tool"), String(++made));
    const first = await cached({ name: "tool", key, make }, quiet, parent);
    const second = await cached({ name: "tool", key, make }, quiet, parent);
    assert.equal(first, path.join(parent, `tool-${key}`));
    assert.equal(second, first);
    assert.equal(readFileSync(path.join(first, "tool"), "utf8"), "1");
  });

  it("makes an entry once also for two who ask at the same time", async () => {
    let made = 0;
    const make = async () => {
      made++;
      await sleep(100);
    };
    const ask = () => cached({ name: "tool", key, make }, quiet, parent);
    assert.equal(new Set(await Promise.all([ask(), ask()])).size, 1);
    assert.equal(made, 1);
  });

  it("makes entries of one lock one after the other, and tells who waits", async () => {
    let running = 0;
    const told: string[] = [];
    const make = async () => {
      assert.equal(++running, 1);
      await sleep(700);
      running--;
    };
    const ask = (name: string) =>
      cached({ name, key, lock: "go", make }, (line) => told.push(`${name}| ${line}`), parent);
    await Promise.all([ask("one"), ask("two")]);
    assert.equal(told.length, 1);
    assert.match(told[0] as string, /waiting for another build/);
  });

  it("fails with what the maker says, and leaves no entry", async () => {
    const make = async (dir: string) => {
      writeFileSync(path.join(dir, "half"), "");
      throw new Error("the compiler said no");
    };
    await assert.rejects(cached({ name: "tool", key, make }, quiet, parent), /the compiler said no/);
    assert.deepEqual(visible(), []);
    const folder = await cached({ name: "tool", key, make: async () => undefined }, quiet, parent);
    assert.ok(!existsSync(path.join(folder, "half")));
  });

  it("tells a tool's older entries from those of tools whose name begins alike", () => {
    const current = `pulumi-${key}`;
    const older = `pulumi-${keyOf(["older"])}`;
    const entries = [
      current,
      older,
      `pulumi-resource-docker-${key}`,
      `kubernetes-${key}`,
      ".go.lock",
      "pulumi-x",
    ];
    assert.deepEqual(otherEntries(entries, "pulumi", current), [older]);
  });
});
