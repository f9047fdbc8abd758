import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { asShell, labEnvironment, labVariables, pathWith } from "../environment.ts";

/** What a shell prints that evaluated some lines, beginning with this PATH. */
const shell = (lines: string, print: string, before = "/usr/bin:/bin") =>
  execFileSync("/bin/sh", ["-c", `${lines}\nprintf %s "${print}"`], {
    encoding: "utf8",
    env: { PATH: before },
  });

describe("the lab's environment", () => {
  it("gives a shell each value as it is", () => {
    for (const value of ["plain", "two words", `it's "quoted"`, "$HOME `id` \\", "line\nbreak", "*", ""])
      assert.equal(shell(asShell({ VALUE: value }), "$VALUE"), value);
  });

  it("puts the lab's folders in front of the shell's own PATH, which is not this process's", () => {
    const lines = asShell({}, ["/lab/bin", "/check out/bin"]);
    assert.equal(shell(lines, "$PATH"), "/lab/bin:/check out/bin:/usr/bin:/bin");
  });

  it("changes nothing when it is evaluated again", () => {
    const lines = asShell({ A: "b" }, ["/lab/bin", "/check out/bin"]);
    assert.equal(shell(lines + lines, "$PATH"), "/lab/bin:/check out/bin:/usr/bin:/bin");
  });

  it("exports, so that programs see it", () => {
    const lines = asShell({ VALUE: "seen" }, ["/lab/bin"]);
    assert.equal(shell(lines, "$(env | grep -c -e ^VALUE=seen$ -e ^PATH=/lab/bin:)"), "2");
  });

  it("names the lab and nothing of the user's", () => {
    const variables = labVariables();
    assert.match(variables.PULUMI_BACKEND_URL ?? "", /^file:\/\/\//);
    assert.match(variables.DIGITALOCEAN_API_URL ?? "", /^http:\/\/127\.0\.0\.1:/);
    assert.match(variables.DIGITALOCEAN_TOKEN ?? "", /not-a-secret/);
    assert.notEqual(variables.KUBECONFIG, undefined);
    assert.ok(!("PATH" in variables));
    assert.deepEqual(labEnvironment(), { PATH: labEnvironment().PATH, ...variables });
  });
});

describe("a PATH with folders in front", () => {
  it("has each of them once, however often they are put there", () => {
    const once = pathWith(["/a", "/b"], "/usr/bin:/b:/bin");
    assert.equal(once, "/a:/b:/usr/bin:/bin");
    assert.equal(pathWith(["/a", "/b"], once), once);
  });
});
