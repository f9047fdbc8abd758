import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type Pod, reasonsOf } from "../../../delivery/engines/pods.ts";

const plain = (text: string) => text;
const pod = (name: string, status: Pod["status"]): Pod => ({ metadata: { name }, status });
const warning = (name: string, message: string) => ({ involvedObject: { name }, message });

describe("why pods are not ready", () => {
  it("is the last warning of a pod whose probe fails", () => {
    const warnings = [
      warning("a", "Readiness probe failed: 500"),
      warning("b", "of another pod"),
      warning("a", "Readiness probe failed: 404\n"),
    ];
    assert.equal(reasonsOf([pod("a", {})], warnings, plain), "pod a: Readiness probe failed: 404");
  });

  it("is how a container ended, with the app's last words", () => {
    const state = { terminated: { reason: "Error", exitCode: 3, message: "no such file\n" } };
    const crashed = pod("a", { containerStatuses: [{ name: "app", imageID: "", restartCount: 2, state }] });
    assert.equal(
      reasonsOf([crashed], [], plain),
      "pod a: it ended with exit code 3 (Error), 2 restarts; its last words: no such file",
    );
  });

  it("is nothing for pods that are ready, or on their way out", () => {
    const ready = pod("a", { conditions: [{ type: "Ready", status: "True" }] });
    const leaving: Pod = { metadata: { name: "b", deletionTimestamp: "2026-11-23T07:00:00Z" }, status: {} };
    assert.equal(reasonsOf([ready, leaving], [warning("a", "old")], plain), "");
  });

  it("says what is known where nothing is said", () => {
    assert.equal(reasonsOf([pod("a", {})], [], plain), "pod a: runs, but is not ready");
  });
});
