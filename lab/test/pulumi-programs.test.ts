import assert from "node:assert/strict";
import path from "node:path";
import { launcher } from "../bundles.ts";
import { installedVersion } from "../installed.ts";
import { officialPlaces } from "../official.ts";
import { binDir, pulumiHome } from "../paths.ts";
import { pulumiLinks } from "../pulumi-home.ts";

describe("Pulumi's programs", () => {
  it("are linked to where the engine and its npm package look for them", () => {
    const links = pulumiLinks({
      pulumi: "/tools/pulumi",
      "pulumi-language-nodejs": "/tools/host",
      kubectl: "/tools/kubectl",
      kustomize: "/tools/kustomize",
      act: "/tools/act",
      actionlint: "/tools/actionlint",
      "pulumi-resource-kubernetes": "/tools/kubernetes",
      "pulumi-resource-github": "/tools/github",
      "pulumi-resource-digitalocean": "/tools/digitalocean",
      "pulumi-resource-docker": "/tools/docker",
    });
    const version = installedVersion("@pulumi/docker");
    const plugin = path.join(pulumiHome, "plugins", `resource-docker-v${version}`, "pulumi-resource-docker");
    assert.equal(links[plugin], "/tools/docker");
    const cli = path.join(pulumiHome, "versions", installedVersion("pulumi"), "bin", "pulumi");
    assert.equal(links[path.join(binDir, "pulumi")], cli);
    assert.equal(links[path.join(path.dirname(cli), "pulumi-language-nodejs")], "/tools/host");
    assert.equal(Object.keys(links).length, 10);
  });

  it("are looked for at the pinned version, never through npm's launcher", () => {
    assert.deepEqual(
      officialPlaces("pulumi", "/home", "1.2.3", ["/checkout/node_modules/.bin", "/usr/bin"]),
      ["/home/versions/1.2.3/bin/pulumi", "/home/bin/pulumi", "/usr/bin/pulumi"],
    );
    assert.deepEqual(officialPlaces("pulumi-resource-docker", "/home", "1.2.3", ["/usr/bin"]), [
      "/home/plugins/resource-docker-v1.2.3/pulumi-resource-docker",
    ]);
  });

  it("start by a Node whose path has spaces and quotes", () => {
    assert.match(launcher("/it's here/node"), /^exec '\/it'\\''s here\/node' /m);
  });
});
