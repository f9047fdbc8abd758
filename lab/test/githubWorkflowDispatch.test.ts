import assert from "node:assert/strict";
import { parse } from "yaml";
import { dispatchInputs } from "../github/workflowDispatch.ts";

describe("What a workflow_dispatch may give", () => {
  const { on } = parse(`
on:
  workflow_dispatch:
    inputs:
      tag: { required: true }
      prerelease: { type: boolean, default: false }
      engine: { type: choice, options: [pulumi, kustomize], default: pulumi }
      note: { description: anything }
`) as { on: unknown };
  const inputs = (given: Record<string, unknown>) => dispatchInputs(on, given);

  it("is text, with the workflow's defaults", () => {
    assert.deepEqual(inputs({ tag: "v0.0.2" }), {
      inputs: { tag: "v0.0.2", prerelease: "false", engine: "pulumi", note: "" },
    });
    assert.deepEqual(inputs({ tag: 2, prerelease: true, engine: "kustomize", note: "x" }), {
      inputs: { tag: "2", prerelease: "true", engine: "kustomize", note: "x" },
    });
  });

  it("fails with GitHub's own sentences", () => {
    const cases: [Record<string, unknown>, string][] = [
      [{}, "Required input 'tag' not provided"],
      [{ tag: "" }, "Required input 'tag' not provided"],
      [{ tag: "v1", digest: "x", b: 1 }, 'Unexpected inputs provided: ["digest", "b"]'],
      [
        { tag: "v1", prerelease: "" },
        "Provided value '' for input 'prerelease' not in the list of allowed values",
      ],
      [
        { tag: "v1", engine: "helm" },
        "Provided value 'helm' for input 'engine' not in the list of allowed values",
      ],
      [{ tag: ["v1"] }, "Invalid value for input 'tag'"],
    ];
    for (const [given, error] of cases) assert.deepEqual(inputs(given), { error });
  });

  it("needs the trigger, in any way of writing it", () => {
    for (const on of ["workflow_dispatch", ["push", "workflow_dispatch"], { workflow_dispatch: null }])
      assert.deepEqual(dispatchInputs(on, {}), { inputs: {} });
    for (const on of ["push", ["push"], { push: null }, undefined, null])
      assert.deepEqual(dispatchInputs(on, {}), {
        error: "Workflow does not have 'workflow_dispatch' trigger",
      });
  });
});
