import assert from "node:assert/strict";
import { dispatchInputs, readWorkflow } from "../github/workflowDispatch.ts";

describe("What a workflow_dispatch may give", () => {
  const workflow = readWorkflow(`
name: Bump
on:
  workflow_dispatch:
    inputs:
      tag: { required: true }
      prerelease: { type: boolean, default: false }
      engine: { type: choice, options: [pulumi, kustomize], default: pulumi }
      note: { description: anything }
`);
  const inputs = (given: Record<string, unknown>) => {
    assert.ok(workflow);
    return dispatchInputs(workflow, given);
  };

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
    for (const on of ["workflow_dispatch", "[push, workflow_dispatch]", "{ workflow_dispatch: }"]) {
      const file = readWorkflow(`on: ${on}`);
      assert.ok(file);
      assert.deepEqual(dispatchInputs(file, {}), { inputs: {} });
    }
    const push = readWorkflow("on: push");
    assert.ok(push);
    assert.deepEqual(dispatchInputs(push, {}), {
      error: "Workflow does not have 'workflow_dispatch' trigger",
    });
  });

  it("fails to read what is no workflow", () => {
    for (const text of ["{", "just text", "- a"]) assert.equal(readWorkflow(text), undefined);
  });
});
