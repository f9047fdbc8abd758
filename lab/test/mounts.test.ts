import assert from "node:assert/strict";
import { mountsBelow } from "../mounts.ts";

const line = (point: string) => `36 35 98:0 / ${point} rw,noatime - tmpfs tmpfs rw`;

describe("mount points", () => {
  it("are those below the folder, the innermost first", () => {
    const mountinfo = ["/", "/lab", "/lab/pods", "/lab/pods/volume", "/other/lab/pods"].map(line).join("\n");
    assert.deepEqual(mountsBelow(mountinfo, "/lab"), ["/lab/pods/volume", "/lab/pods"]);
  });

  it("leave out a folder whose name only begins the same", () => {
    assert.deepEqual(mountsBelow(line("/lab-of-another/pods"), "/lab"), []);
  });

  it("have their blanks back, which the kernel writes in octal", () => {
    assert.deepEqual(mountsBelow(line("/lab/my\\040pods"), "/lab"), ["/lab/my pods"]);
  });

  it("are none in an empty list", () => {
    assert.deepEqual(mountsBelow("", "/lab"), []);
  });
});
