import assert from "node:assert/strict";
import { digitaloceanUrl, privateRegistryAddress } from "../addresses.ts";
import { labStackConfig, pipelineStackConfig } from "../stacks.ts";

describe("the lab's stack", () => {
  const config = labStackConfig().plain;

  it("has the lab's endpoints", () => {
    assert.equal(config["registry.address"], privateRegistryAddress);
    assert.equal(config["digitalocean:apiEndpoint"], digitaloceanUrl);
  });

  it("begins with the first release of the sample app, built here", () => {
    assert.equal(config.imageTag, "v0.0.1");
    assert.equal(config["build.context"], "app");
  });

  it("has values that the command line takes in one word each", () => {
    for (const [key, value] of [labStackConfig(), pipelineStackConfig()].flatMap(({ plain }) =>
      Object.entries(plain),
    ))
      assert.match(`${key}=${value}`, /^[\w.:-]+=\S+$/);
  });
});
