import assert from "node:assert/strict";
import { dropsForwarded, natRules } from "../outbound.ts";

describe("the way out of the lab's bridges", () => {
  it("translates what leaves the machine, and nothing that stays", () => {
    const rules = natRules({ name: "t", source: "10.1.0.0/24", except: ["10.1.0.0/24", "10.2.0.0/16"] });
    assert.match(rules, /^table ip t \{$/m);
    assert.match(
      rules,
      /^ *ip saddr 10\.1\.0\.0\/24 ip daddr != \{ 10\.1\.0\.0\/24, 10\.2\.0\.0\/16 \} masquerade$/m,
    );
  });

  it("is opened on a machine that drops what it forwards, which its policy tells", () => {
    assert.ok(dropsForwarded("-P FORWARD DROP\n-A FORWARD -j DOCKER-USER\n"));
    assert.ok(!dropsForwarded("-P FORWARD ACCEPT\n-A FORWARD -i docker0 -j DROP\n"));
    assert.ok(!dropsForwarded(""));
  });
});
