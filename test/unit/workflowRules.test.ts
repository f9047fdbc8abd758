import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { type Case, filesOf, image, pipeline } from "./workflowCases";
import { everyWorkflow, type ReadWorkflow } from "./workflowReading";

/** Fails, naming the case and file, for the first one that is not as it should be. */
function eachWorkflow(check: (workflow: ReadWorkflow, one: Case, file: string) => void): void {
  for (const { name, one, file, workflow } of everyWorkflow())
    try {
      check(workflow, one, file);
    } catch (error) {
      throw new Error(`${file} with ${name}`, { cause: error });
    }
}

const stepsOf = (workflow: ReadWorkflow) => Object.values(workflow.jobs).flatMap(({ steps }) => steps);

/** Each text in a value, at any depth. */
function* textsIn(value: unknown): Generator<string> {
  if (typeof value === "string") yield value;
  else if (value && typeof value === "object")
    for (const inner of Object.values(value)) yield* textsIn(inner);
}

describe("every workflow, however the pipeline is set up,", () => {
  it("takes two actions from elsewhere, at a commit, and leaves no token behind", () => {
    eachWorkflow((workflow) => {
      for (const { uses, with: inputs } of stepsOf(workflow).filter(({ uses }) => uses)) {
        assert.match(uses ?? "", /^actions\/(checkout|cache)@[0-9a-f]{40}$/);
        if (uses?.includes("/checkout@")) assert.equal(inputs?.["persist-credentials"], false);
      }
    });
    for (const text of Object.values(filesOf({ pipeline: pipeline(), image })))
      for (const [line] of text.matchAll(/^ *(?:- )?uses: .*$/gm))
        assert.match(line, /uses: \S+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  });

  it("puts nothing into a script that GitHub would fill in", () => {
    eachWorkflow((workflow) => {
      for (const { run } of stepsOf(workflow)) assert.doesNotMatch(run ?? "", /\$\{\{/);
    });
  });

  it("may do nothing but what a job says, for a limited time, in a shell that stops at a failure", () => {
    eachWorkflow((workflow) => {
      assert.deepEqual(workflow.permissions, {});
      assert.deepEqual(workflow.defaults, { run: { shell: "bash" } });
      assert.ok(workflow.concurrency, "there is no concurrency group");
      for (const job of Object.values(workflow.jobs)) {
        assert.ok(Object.keys(job.permissions).length > 0);
        assert.ok(job["timeout-minutes"] <= 60);
      }
    });
  });

  it("names no secret that nobody sets, and each where it is set", () => {
    eachWorkflow((workflow, { pipeline, image }, file) => {
      const app = new Set([
        "DISPATCH_TOKEN",
        ...(image.login ? ["REGISTRY_USERNAME", "REGISTRY_PASSWORD"] : []),
      ]);
      for (const job of Object.values(workflow.jobs)) {
        const at = typeof job.environment === "object" ? job.environment.name : job.environment;
        const of = pipeline.environments[at?.replace(/-preview$/, "") ?? ""];
        const known = file.startsWith("app/")
          ? app
          : new Set(
              of
                ? [
                    ...Object.keys(of.secrets),
                    ...(pipeline.engine === "kustomize" ? ["KUBECONFIG_CONTENT"] : []),
                  ]
                : [],
            );
        for (const text of textsIn(job))
          for (const [, name] of text.matchAll(/\bsecrets\.(\w+)/g))
            assert.ok(known.has(name ?? ""), `secrets.${name} in the environment ${at}`);
        for (const text of textsIn(job))
          for (const [, name] of text.matchAll(/\bvars\.(\w+)/g))
            assert.ok(name && of && name in of.variables);
        const masked = job.steps.flatMap(({ env }) => env?.SLIPWAY_SECRETS?.split(",") ?? []);
        if (masked.length > 0) assert.deepEqual(new Set(masked), known);
      }
    });
  });

  it("gives secrets to the one step that needs them", () => {
    eachWorkflow((workflow) => {
      for (const { env, steps } of Object.values(workflow.jobs)) {
        assert.doesNotMatch(JSON.stringify(env ?? {}), /secrets\./);
        for (const step of steps.filter(({ run }) => run?.startsWith("npm ")))
          assert.equal(step.env, undefined);
      }
    });
  });
});
