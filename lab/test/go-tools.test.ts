import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { goDirective, requiredVersion } from "../go-tools.ts";
import { installedVersion } from "../installed.ts";
import { checkout } from "../paths.ts";

const goMod = (tool: string) => readFileSync(path.join(checkout, "lab", "tools", tool, "go.mod"), "utf8");

describe("tools built from Go modules", () => {
  it("reads the version of a required module, alone or in a block", () => {
    const text =
      "module x\n\ngo 1.26\n\nrequire a.b/c v1.2.3\n\nrequire (\n\ta.b/c/d v2.0.0 // indirect\n)\n";
    assert.equal(requiredVersion(text, "a.b/c"), "v1.2.3");
    assert.equal(requiredVersion(text, "a.b/c/d"), "v2.0.0");
    assert.equal(goDirective(text), "1.26");
  });

  it("fails for a module that is not required, also if one of a like name is", () => {
    assert.throws(() => requiredVersion("require axb/c v1.0.0\n", "a.b/c"), /requires no a\.b\/c/);
  });

  it("builds the CLI at the version of @pulumi/pulumi and of the npm package pulumi", () => {
    const version = requiredVersion(goMod("pulumi"), "github.com/pulumi/pulumi/pkg/v3");
    assert.equal(version, `v${installedVersion("@pulumi/pulumi")}`);
    assert.equal(version, `v${installedVersion("pulumi")}`);
  });

  it("shares Kubernetes' own libraries between the cluster and the provider", () => {
    const version = requiredVersion(goMod("kubernetes"), "k8s.io/kubernetes");
    for (const library of ["k8s.io/api", "k8s.io/apimachinery", "k8s.io/client-go"])
      assert.equal(
        requiredVersion(goMod("pulumi-resource-kubernetes"), library),
        version.replace("v1", "v0"),
      );
  });

  it("asks the same Go of every module", () => {
    const modules = readdirSync(path.join(checkout, "lab", "tools"));
    assert.ok(modules.includes("actions") && modules.includes("pulumi-resource-github"));
    const minors = modules.map((tool) => goDirective(goMod(tool)).split(".").slice(0, 2).join("."));
    assert.equal(new Set(minors).size, 1, minors.join(" "));
  });
});
