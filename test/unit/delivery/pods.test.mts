import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { isReady, reasonsOf, type Pod } from "../../../delivery/engines/pods.ts";

const pod = (name: string, ready: boolean, status: Pod["status"] = {}): Pod => ({
  metadata: { name },
  status: { conditions: [{ type: "Ready", status: ready ? "True" : "False" }], ...status },
});
const clear = (text: string) => text;

describe("Pods of a rollout that failed", () => {
  it("tell why in the cluster's words: what a container waits for, how it ended, what was warned of", () => {
    const crashing = pod("crashing", false, {
      containerStatuses: [
        {
          name: "app",
          imageID: "",
          restartCount: 2,
          state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 20s" } },
          lastState: { terminated: { exitCode: 3, reason: "Error", message: "no canary-password\n" } },
        },
      ],
    });
    const unready = pod("unready", false, {
      containerStatuses: [{ name: "app", imageID: "", restartCount: 0, state: {} }],
    });
    const event = (name: string, message: string) => ({
      reason: "Unhealthy",
      message,
      involvedObject: { kind: "Pod", name },
    });
    const lines = reasonsOf(
      [pod("good", true), crashing, unready],
      [
        event("unready", "Readiness probe failed: status 500"),
        event("unready", "Readiness probe failed: status 404"),
        event("good", "of before"),
      ],
      (text) => text.replaceAll("canary-password", "***"),
    ).split("\n");
    assert.deepEqual(lines, [
      "pod crashing: app is waiting: CrashLoopBackOff, back-off 20s; it ended with exit code 3 (Error), 2 restarts; its last words: no ***",
      "pod unready: Unhealthy: Readiness probe failed: status 404",
    ]);
  });

  it("tell that no node takes them", () => {
    const pending = pod("pending", false, {
      conditions: [{ type: "PodScheduled", status: "False", message: "0/1 nodes: Insufficient cpu" }],
    });
    assert.equal(reasonsOf([pending], [], clear), "pod pending: not scheduled: 0/1 nodes: Insufficient cpu");
  });

  it("are ready only while they are not on their way out", () => {
    assert.equal(isReady(pod("a", true)), true);
    const leaving = pod("b", true);
    leaving.metadata.deletionTimestamp = "2026-11-23T00:00:00Z";
    assert.equal(isReady(leaving), false);
  });
});
