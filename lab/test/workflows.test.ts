import assert from "node:assert/strict";
import { globSync } from "node:fs";
import path from "node:path";
import { execa } from "execa";
import { findProgram } from "../debian.ts";
import { checkout } from "../paths.ts";
import { ensureTools } from "../tools.ts";

const kept = path.join(checkout, "test", "unit", "snapshots", "workflows");
// Debian's package shellcheck; actionlint has it look at the scripts as well.
const shellcheck = findProgram("shellcheck");

describe("the pipeline's workflow files", () => {
  let actionlint: string;
  before(async function () {
    this.timeout(600_000); // built from source, where the cache doesn't have it
    ({ actionlint } = await ensureTools(["actionlint"], () => undefined));
  });

  /** Problems that actionlint finds in a file, or on its standard input for `-`. */
  const lint = async (files: string[], input?: string) =>
    await execa(actionlint, ["-no-color", "-shellcheck", shellcheck ?? "", ...files], {
      reject: false,
      cwd: checkout,
      ...(input === undefined ? {} : { input }),
    });

  it(`are clean by actionlint ${shellcheck ? "and shellcheck" : "(and no shellcheck on this machine)"}`, async () => {
    const files = globSync("*/{app,config}/*.{yaml,yml}", { cwd: kept }).map((file) => path.join(kept, file));
    assert.ok(files.length > 30, `only ${files.length} files in ${kept}`);
    const { stdout, stderr, exitCode } = await lint(files);
    assert.equal(stdout + stderr, "");
    assert.equal(exitCode, 0);
  });

  it("would be found out, if they had a mistake", async () => {
    const mistaken = [
      "on: push",
      "jobs:",
      "  one:",
      "    runs-on: ubuntu-latest",
      "    steps:",
      "      - run: echo ${{ github.head_ref }}",
    ].join("\n");
    const { stdout, exitCode } = await lint(["-"], mistaken);
    assert.equal(exitCode, 1);
    assert.match(stdout, /"github\.head_ref" is potentially untrusted/);
  });
});
