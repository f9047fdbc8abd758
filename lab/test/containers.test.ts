import assert from "node:assert/strict";
import { shimNamespace } from "../containers.ts";

const commandLine = (...words: string[]) => `${words.join("\0")}\0`;

describe("containers' shims", () => {
  const shim = "/usr/bin/containerd-shim-runc-v2";
  const socket = "/lab/containerd.sock";

  it("are the lab's by their containerd's socket", () => {
    const line = commandLine(shim, "-namespace", "k8s.io", "-id", "abc", "-address", socket);
    assert.equal(shimNamespace(line, socket), "k8s.io");
  });

  it("are not the lab's where another containerd started them", () => {
    const line = commandLine(
      shim,
      "-namespace",
      "moby",
      "-id",
      "abc",
      "-address",
      "/run/containerd/containerd.sock",
    );
    assert.equal(shimNamespace(line, socket), undefined);
    assert.equal(
      shimNamespace(commandLine(shim, "-namespace", "moby", "-address", `${socket}2`), socket),
      undefined,
    );
  });

  it("are no other programs that name the socket", () => {
    assert.equal(
      shimNamespace(commandLine("/usr/bin/ctr", "-namespace", "k8s.io", "-address", socket), socket),
      undefined,
    );
    assert.equal(shimNamespace("", socket), undefined);
  });
});
