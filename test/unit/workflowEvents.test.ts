import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "mocha";
import type { PipelineOptions } from "../../components/pipeline/options";
import { cases, environment, image, pipeline } from "./workflowCases";
import { jobOf, read, type ReadWorkflow, workflowsOf } from "./workflowReading";

const of = (changes: Partial<PipelineOptions> = {}) => ({ pipeline: pipeline(changes), image });
const promotion = cases.promotion as (typeof cases)[string];
const everyPush = cases.everyPush as (typeof cases)[string];
const vanilla = cases.vanilla as (typeof cases)[string];

/** The command that a job of the config repository ends in. */
const commandOf = (workflow: ReadWorkflow, job: string) => jobOf(workflow, job).steps.at(-1)?.run;

describe("release workflow", () => {
  it("starts at a published release, and tags by it", () => {
    const workflow = read(of(), "app/release.yaml");
    assert.deepEqual(workflow.on, { release: { types: ["published"] } });
    assert.equal(jobOf(workflow, "release").env?.TAG, "${{ github.event.release.tag_name }}");
  });

  it("leaves prereleases alone, unless an environment that gets releases takes them", () => {
    const condition = (changes: Partial<PipelineOptions>) =>
      jobOf(read(of(changes), "app/release.yaml"), "release").if;
    assert.equal(condition({}), "${{ !github.event.release.prerelease }}");
    assert.equal(condition({ environments: { dev: environment("dev", { prereleases: true }) } }), undefined);
    const promoted = environment("prod", { from: "dev", prereleases: true });
    assert.equal(
      condition({ environments: { dev: environment("dev"), prod: promoted } }),
      "${{ !github.event.release.prerelease }}",
    );
  });

  it("starts at each push to the branch where asked, and tags by its commit", () => {
    const workflow = read(everyPush, "app/push.yaml");
    assert.deepEqual(workflow.on, { push: { branches: ["main"] } });
    const job = jobOf(workflow, "release");
    assert.equal(job.env?.TAG, "sha-${{ github.sha }}");
    assert.equal(job.env?.IMAGE, "127.0.0.1:5000/juggernaut/k8s-demo-go-app");
    assert.equal(job.if, undefined);
    assert.doesNotMatch(JSON.stringify(job), /REGISTRY_/);
  });

  it("waits for another run of the same release, and is never cancelled", () => {
    assert.deepEqual(read(of(), "app/release.yaml").concurrency, {
      group: "release-${{ github.ref }}",
      "cancel-in-progress": false,
    });
  });

  it("reads its repository, and nothing else", () => {
    for (const one of Object.values(cases)) {
      const [workflow] = Object.entries(workflowsOf(one)).flatMap(([file, workflow]) =>
        file.startsWith("app/") ? [workflow] : [],
      );
      assert.deepEqual(jobOf(workflow as ReadWorkflow, "release").permissions, { contents: "read" });
    }
  });
});

describe("bump workflow", () => {
  it("has a job for each environment that gets releases, and takes prereleases where asked", () => {
    const workflow = read(promotion, "config/bump.yaml");
    assert.deepEqual(Object.keys(workflow.jobs), ["bump-dev"]);
    assert.equal(
      commandOf(workflow, "bump-dev"),
      "node delivery/cli.ts bump dev --engine pulumi --delivery pullRequest --branch main --app juggernaut/k8s-demo-go-app --prereleases",
    );
  });

  it("names the stack where it has another name than the environment", () => {
    const environments = { dev: environment("acme/shop-dev") };
    assert.match(
      commandOf(read(of({ environments }), "config/bump.yaml"), "bump-dev") ?? "",
      / --stack acme\/shop-dev$/,
    );
    assert.doesNotMatch(commandOf(read(of(), "config/bump.yaml"), "bump-dev") ?? "", /--stack/);
  });

  it("gets the release by the environment, and sees no secret", () => {
    const job = jobOf(read(promotion, "config/bump.yaml"), "bump-dev");
    assert.deepEqual(job.steps.at(-1)?.env, {
      GITHUB_TOKEN: "${{ github.token }}",
      TAG: "${{ inputs.tag }}",
      DIGEST: "${{ inputs.digest }}",
      PRERELEASE: "${{ inputs.prerelease }}",
    });
    assert.equal(job.environment, undefined);
    assert.equal(job.steps[0]?.with?.["fetch-depth"], 0);
  });

  it("never waits for another release", () => {
    assert.equal(read(of(), "config/bump.yaml").concurrency?.group, "bump-${{ inputs.tag }}");
  });
});

describe("deploy workflow", () => {
  it("starts at a change of its environment on the branch, not of another one", () => {
    const { on } = read(promotion, "config/deploy-prod.yaml");
    assert.ok(on.push?.paths?.includes("Pulumi.prod-eu.yaml"));
    assert.ok(!on.push?.paths?.includes("Pulumi.dev.yaml"));
  });

  it("starts at its own coming as well with the vanilla engine, whose files are there by then", () => {
    assert.deepEqual(read(vanilla, "config/deploy-prod.yaml").on.push?.paths, [
      "deploy/prod/**",
      ".github/workflows/deploy-prod.yaml",
    ]);
    assert.deepEqual(read(vanilla, "config/preview-prod.yaml").on.pull_request?.paths, ["deploy/prod/**"]);
  });

  it("is queued, and never cancelled", () => {
    assert.deepEqual(read(of(), "config/deploy-dev.yaml").concurrency, {
      group: "deploy-dev",
      "cancel-in-progress": false,
    });
  });

  it("deploys the branch alone, whichever branch it is started on by hand", () => {
    const workflow = read(
      of({ config: { ...pipeline().config, branch: "trunk" } }),
      "config/deploy-dev.yaml",
    );
    assert.equal(jobOf(workflow, "deploy").if, "github.ref == 'refs/heads/trunk'");
  });

  it("is recorded by GitHub as a deployment, with the secrets of its environment", () => {
    const job = jobOf(read(promotion, "config/deploy-prod.yaml"), "deploy");
    assert.equal(job.environment, "prod");
    assert.deepEqual(job.steps.at(-1)?.env, {
      GITHUB_TOKEN: "${{ github.token }}",
      PLAN: "${{ inputs.plan }}",
      PULUMI_BACKEND_URL: "s3://acme-state?endpoint=fra1.digitaloceanspaces.com",
      AWS_REGION: "${{ vars.AWS_REGION }}",
      PULUMI_CONFIG_PASSPHRASE: "${{ secrets.PULUMI_CONFIG_PASSPHRASE }}",
      AWS_ACCESS_KEY_ID: "${{ secrets.AWS_ACCESS_KEY_ID }}",
      AWS_SECRET_ACCESS_KEY: "${{ secrets.AWS_SECRET_ACCESS_KEY }}",
      DIGITALOCEAN_TOKEN: "${{ secrets.DIGITALOCEAN_TOKEN }}",
      SLIPWAY_SECRETS: "PULUMI_CONFIG_PASSPHRASE,AWS_ACCESS_KEY_ID,AWS_SECRET_ACCESS_KEY,DIGITALOCEAN_TOKEN",
    });
    assert.equal(
      commandOf(read(promotion, "config/deploy-prod.yaml"), "deploy"),
      "node delivery/cli.ts deploy prod --engine pulumi --stack acme/prod-eu",
    );
  });

  it("keeps all packages for the next run: those of delivery/ are in the same folder", () => {
    const steps = jobOf(read(of(), "config/deploy-dev.yaml"), "deploy").steps;
    const kept = steps.find(({ uses }) => uses?.startsWith("actions/cache@"))?.with?.path;
    assert.equal(kept, "node_modules\n~/.pulumi/versions\n~/.pulumi/plugins\n");
    const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as { packages: object };
    const elsewhere = Object.keys(packages).filter((folder) => folder.startsWith("delivery/node_modules/"));
    assert.deepEqual(elsewhere, [], "keep delivery/node_modules as well");
  });

  it("needs no more than kubectl and a kubeconfig with the vanilla engine", () => {
    const job = jobOf(read(vanilla, "config/deploy-dev.yaml"), "deploy");
    assert.doesNotMatch(JSON.stringify(job), /PULUMI_|include-workspace-root/);
    assert.equal(job.steps.at(-1)?.env?.KUBECONFIG_CONTENT, "${{ secrets.KUBECONFIG_CONTENT }}");
  });
});

describe("preview workflow", () => {
  it("runs for no fork, and only for changes of its environment", () => {
    const workflow = read(of(), "config/preview-dev.yaml");
    assert.equal(
      jobOf(workflow, "preview").if,
      "github.event_name == 'workflow_dispatch' || github.event.pull_request.head.repo.full_name == github.repository",
    );
    assert.ok("pull_request" in workflow.on && !("pull_request_target" in workflow.on));
    assert.deepEqual(workflow.on.pull_request?.paths, read(of(), "config/deploy-dev.yaml").on.push?.paths);
  });

  it("has weaker secrets where there are any, as drift has, and is no deployment", () => {
    const environmentOf = (file: string, job: string) => jobOf(read(promotion, file), job).environment;
    const weak = { name: "prod-preview", deployment: false };
    assert.deepEqual(environmentOf("config/preview-prod.yaml", "preview"), weak);
    assert.deepEqual(environmentOf("config/drift.yaml", "drift-prod"), weak);
    assert.deepEqual(environmentOf("config/preview-dev.yaml", "preview"), { name: "dev", deployment: false });
  });
});

describe("workflows that are started by hand", () => {
  it("roll any environment back", () => {
    const workflow = read(promotion, "config/rollback.yaml");
    assert.deepEqual(workflow.on.workflow_dispatch?.inputs?.environment?.options, ["dev", "prod"]);
    assert.equal(
      commandOf(workflow, "rollback"),
      "node delivery/cli.ts rollback --engine pulumi --delivery pullRequest --branch main --stacks prod=acme/prod-eu",
    );
  });

  it("promote to environments that have one before them, if there are any", () => {
    const workflow = read(promotion, "config/promote.yaml");
    assert.deepEqual(workflow.on.workflow_dispatch?.inputs?.to?.options, ["prod"]);
    const job = jobOf(workflow, "promote-prod");
    assert.equal(job.if, "github.ref == 'refs/heads/main' && inputs.to == 'prod'");
    assert.equal(job.steps.at(-1)?.env?.FROM, "dev");
    assert.equal(
      job.steps.at(-1)?.run,
      "node delivery/cli.ts promote --engine pulumi --branch main --stacks prod=acme/prod-eu",
    );
    assert.ok(!("config/promote.yaml" in workflowsOf(of())));
  });
});
