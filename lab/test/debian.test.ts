import assert from "node:assert/strict";
import { installProblem, missingPackages, type Machine } from "../debian.ts";

const bare: Machine = { hasProgram: () => false, hasPath: () => false, engineAnswers: false };
const full: Machine = { hasProgram: () => true, hasPath: () => true, engineAnswers: false };

describe("Debian packages", () => {
  it("are all missing on a bare machine", () => {
    const packages = missingPackages(bare);
    for (const name of ["etcd-server", "containerd", "runc", "containernetworking-plugins", "docker.io"])
      assert.ok(packages.includes(name), name);
    assert.deepEqual(packages, [...new Set(packages)]);
  });

  it("are not installed where their programs are, wherever those came from", () => {
    assert.deepEqual(missingPackages(full), []);
  });

  const cases: [string, Partial<Machine>, string[]][] = [
    ["a machine without etcd", { hasProgram: (name) => name !== "etcd" }, ["etcd-server"]],
    ["one of a package's two programs", { hasProgram: (name) => name !== "ctr" }, ["containerd"]],
    [
      "no CNI plugins anywhere",
      { hasPath: (path) => !path.includes("cni") },
      ["containernetworking-plugins"],
    ],
    ["CNI plugins of another packaging", { hasPath: (path) => path !== "/usr/lib/cni" }, []],
    ["a client without an engine", { hasProgram: (name) => name !== "dockerd" }, ["docker.io"]],
    [
      "a client, and an engine that answers",
      { hasProgram: (name) => name !== "dockerd", engineAnswers: true },
      [],
    ],
  ];
  for (const [what, machine, expected] of cases)
    it(`are chosen for ${what}`, () => assert.deepEqual(missingPackages({ ...full, ...machine }), expected));

  it("fails without root, with the command to run", () => {
    const problem = installProblem(["runc", "git"], false, true);
    assert.match(problem ?? "", /sudo apt-get install --no-install-recommends runc git$/);
  });

  it("fails where there is no apt-get, naming what to install", () => {
    assert.match(installProblem(["runc"], true, false) ?? "", /runc.*no apt-get/);
  });

  it("can be installed by root on Debian", () => {
    assert.equal(installProblem(["runc"], true, true), undefined);
  });
});
