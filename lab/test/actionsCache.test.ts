import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { paths, restore, save } from "../actions/cache/store.mjs";

describe("the runner's cache", () => {
  let folder: string;
  const before = process.env.SLIPWAY_LAB_ACTIONS_CACHE;

  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), "slipway-cache-"));
    process.env.SLIPWAY_LAB_ACTIONS_CACHE = path.join(folder, "store");
    mkdirSync(path.join(folder, "job", "packages"), { recursive: true });
    writeFileSync(path.join(folder, "job", "packages", "a"), "one");
  });
  afterEach(() => {
    process.env.SLIPWAY_LAB_ACTIONS_CACHE = before;
    if (before === undefined) delete process.env.SLIPWAY_LAB_ACTIONS_CACHE;
    rmSync(folder, { recursive: true, force: true });
  });

  const packages = () => path.join(folder, "job", "packages");

  it("has nothing at first, and then what was kept under the same key", () => {
    assert.equal(restore("v1", [packages()]), false);
    assert.equal(save("v1", [packages()]), true);
    rmSync(packages(), { recursive: true });
    assert.equal(restore("v2", [packages()]), false);
    assert.equal(existsSync(packages()), false);
    assert.equal(restore("v1", [packages()]), true);
    assert.equal(readFileSync(path.join(packages(), "a"), "utf8"), "one");
  });

  it("keeps a key as it was first kept", () => {
    save("v1", [packages()]);
    writeFileSync(path.join(packages(), "b"), "two");
    assert.equal(save("v1", [packages()]), false);
    rmSync(packages(), { recursive: true });
    restore("v1", [packages()]);
    assert.deepEqual(readdirSync(packages()), ["a"]);
  });

  it("leaves a folder alone that is there, and one that never was", () => {
    save("v1", [packages(), path.join(folder, "nowhere")]);
    writeFileSync(path.join(packages(), "b"), "two");
    assert.equal(restore("v1", [packages(), path.join(folder, "nowhere")]), true);
    assert.deepEqual(readdirSync(packages()), ["a", "b"]);
    assert.equal(existsSync(path.join(folder, "nowhere")), false);
  });

  it("keeps the last three keys", () => {
    for (const key of ["v1", "v2", "v3", "v4"]) save(key, [packages()]);
    assert.equal(readdirSync(path.join(folder, "store")).length, 3);
    assert.equal(restore("v4", [packages()]), true);
  });

  it("takes one path on each line", () => {
    assert.deepEqual(paths(" a\n\n/b \n"), [path.resolve("a"), "/b"]);
  });
});
