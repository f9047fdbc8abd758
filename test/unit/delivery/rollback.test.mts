import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { promote } from "../../../delivery/promote.ts";
import {
  bumpPermissions,
  digest,
  stackText,
  startConfigRepository,
  type ConfigRepository,
} from "./configRepository.mts";
import { deliveries, target } from "./deliveries.mts";

describe("A release that is there already", function () {
  // Each is a few dozen runs of git, which a busy machine takes its time for.
  this.timeout(60_000);
  let github: ConfigRepository;
  beforeEach(async () => {
    github = await startConfigRepository();
  });
  afterEach(() => github.stop());

  const { bumped, rolledBack, current } = deliveries(() => github);

  describe("rolled back", () => {
    it("is the one before, twice the one before that", async () => {
      await bumped("v0.0.2", "b", "branch");
      await bumped("v0.0.3", "c", "branch");
      await rolledBack();
      await rolledBack();
      assert.equal(await current(), "v0.0.1");
      await assert.rejects(rolledBack(), /no release before v0\.0\.1/);
    });

    it("is any that the environment had, with its digest, by pull request as well", async () => {
      await bumped("v0.0.2", "b", "branch");
      await bumped("v0.0.3", "c", "branch");
      await bumped("v0.0.4", "d");
      await rolledBack("v0.0.2", "pullRequest");
      const pulls = await github.pulls("open");
      assert.deepEqual(
        pulls.map(({ title }) => title),
        ["Roll dev back to v0.0.2"],
        "the same pull request",
      );
      assert.match(await github.text("Pulumi.dev.yaml", "slipway/dev"), new RegExp(`v0.0.2@${digest("b")}`));
    });

    it("fails if it never was there, saying which were", async () => {
      await bumped("v0.0.2", "b", "branch");
      await assert.rejects(rolledBack("v9"), /v9 was never here.*there were v0\.0\.1, v0\.0\.2/);
      await assert.rejects(rolledBack("v0.0.2"), /is what it has now/);
    });
  });

  describe("promoted", () => {
    const promoted = async () => {
      const job = await github.job(bumpPermissions);
      await promote(job, { environment: "dev", stack: "dev" }, target("branch", "prod"));
      return github.summary(job);
    };

    it("comes by pull request, same tag, same digest", async () => {
      await bumped("v0.0.2", "b", "branch");
      await promoted();
      const [pull] = await github.pulls("open");
      assert.equal(pull?.title, "Promote v0.0.2 from dev to prod");
      assert.equal(await github.text("Pulumi.prod.yaml", "slipway/prod"), stackText(`v0.0.2@${digest("b")}`));
      assert.equal(await github.text("Pulumi.prod.yaml"), stackText("v0.0.1"));
      await github.owner.rest.pulls.merge({ ...github.at, pull_number: pull.number, merge_method: "merge" });
      assert.match(await promoted(), /prod has v0\.0\.2 already/);
    });

    it("fails without a digest, and says where to find it", async () => {
      await assert.rejects(promoted(), /dev has v0\.0\.1 without a digest.*output "image"/);
    });
  });
});
