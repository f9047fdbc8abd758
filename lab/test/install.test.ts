import assert from "node:assert/strict";
import { atLeast, isInstalled } from "../install.mjs";

const lock = (packages: object) => ({ packages });
const one = { version: "1.0.0", integrity: "sha512-one" };

describe("installation of npm packages", () => {
  const cases: [string, object, object, boolean][] = [
    ["what is asked for", { "": {}, "node_modules/a": one }, { "node_modules/a": one }, true],
    ["a package too many", {}, { "node_modules/a": one }, true],
    ["a package missing", { "node_modules/a": one }, {}, false],
    ["another version", { "node_modules/a": one }, { "node_modules/a": { ...one, version: "1.0.1" } }, false],
    ["other content", { "node_modules/a": one }, { "node_modules/a": { ...one, integrity: "x" } }, false],
    ["an optional one missing", { "node_modules/a": { ...one, optional: true } }, {}, true],
    ["a linked workspace", { lab: { version: "1.0.0" } }, { lab: { version: "1.0.0" } }, true],
  ];
  for (const [what, wanted, installed, expected] of cases)
    it(`${expected ? "is kept" : "is done again"} with ${what}`, () =>
      assert.equal(isInstalled(lock(wanted), lock(installed)), expected));

  it("wants Node 22.18 or newer", () => {
    for (const version of ["v22.18.0", "v22.20.1", "v24.0.0"]) assert.ok(atLeast(version, "22.18"), version);
    for (const version of ["v22.9.0", "v20.20.2", "none", ""]) assert.ok(!atLeast(version, "22.18"), version);
  });
});
