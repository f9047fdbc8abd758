import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "mocha";
import { writtenBySlipway } from "../../components/pipeline/workflows";
import { cases, filesOf, image, pipeline } from "./workflowCases";

const snapshots = path.join(__dirname, "snapshots", "workflows");
const update = process.env.UPDATE_SNAPSHOTS === "1";

describe("workflow files", () => {
  for (const [name, one] of Object.entries(cases))
    describe(`of the case ${name}`, () => {
      const folder = path.join(snapshots, name);
      const files = filesOf(one);
      if (update) rmSync(folder, { recursive: true, force: true });
      for (const [file, text] of Object.entries(files))
        it(`${file} is as kept (UPDATE_SNAPSHOTS=1 npx mocha keeps it anew)`, () => {
          const kept = path.join(folder, file);
          if (update) {
            mkdirSync(path.dirname(kept), { recursive: true });
            writeFileSync(kept, text);
          }
          assert.equal(text, existsSync(kept) ? readFileSync(kept, "utf8") : "(no such file yet)");
        });
      it("are all that is kept", () => {
        const kept = readdirSync(folder, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
        assert.deepEqual(kept.sort(), Object.keys(files).sort());
      });
    });

  it("say that Slipway wrote them, and by which stack", () => {
    for (const text of Object.values(filesOf({ pipeline: pipeline(), image }))) {
      assert.ok(writtenBySlipway(text));
      assert.match(text, /^# Written by Slipway \(pulumi up on the stack pipeline\); .+\n# .+\nname: /);
    }
    assert.equal(writtenBySlipway("name: Release\n# Written by Slipway\n"), false);
  });

  it("hold no secret's value", () => {
    for (const one of Object.values(cases))
      for (const text of Object.values(filesOf(one))) assert.doesNotMatch(text, /canary/);
  });
});
