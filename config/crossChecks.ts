import { existsSync, statSync } from "node:fs";
import path from "node:path";
import { parse } from "yaml";
import { pipelineChecks } from "./pipelineChecks";
import type { Problem } from "./problems";
import type { Config } from "./schema";

type Given = Partial<Config>;

const given = (value: unknown) => value !== undefined && value !== null;

/** Two keys that can't both be set. */
function excludes(one: string, two: string, why: string): Problem {
  return {
    path: one,
    received: `set, as is slipway:${two}`,
    allowed: `one of the two: ${why}`,
    fix: `pulumi config rm --path ${one}, or pulumi config rm --path ${two}`,
  };
}

function whereToRun({ cluster, kubeconfig, clusterStack, nodePools }: Given): Problem[] {
  const existing = given(kubeconfig) ? "kubeconfig" : given(clusterStack) ? "clusterStack" : undefined;
  const problems: Problem[] = [];
  if (given(kubeconfig) && given(clusterStack))
    problems.push(excludes("kubeconfig", "clusterStack", "an existing cluster is reached in one way"));
  if (existing && cluster)
    problems.push(excludes("cluster", existing, "the stack creates a cluster, or it uses an existing one"));
  if (existing && Object.keys(nodePools ?? {}).length)
    problems.push(excludes("nodePools", existing, "node pools belong to the stack that creates the cluster"));
  if (!existing && !cluster)
    problems.push({
      path: "cluster",
      received: "nothing, and neither slipway:kubeconfig nor slipway:clusterStack",
      allowed:
        "a cluster to create, with at least its region; or one of the other two, to use an existing one",
      fix: "pulumi config set --path cluster.region ams3",
    });
  if (!existing && cluster && !cluster.region)
    problems.push({
      path: "cluster.region",
      received: "nothing",
      allowed: "the slug of the region to create the cluster in, such as ams3",
      fix: "pulumi config set --path cluster.region ams3",
    });
  if (cluster?.version && cluster.versionPrefix)
    problems.push(
      excludes(
        "cluster.version",
        "cluster.versionPrefix",
        "an exact version, or the newest of a minor version",
      ),
    );
  return problems;
}

interface Pool {
  autoScale?: unknown;
  nodeCount?: unknown;
  minNodes?: unknown;
  maxNodes?: unknown;
}

function poolScaling(at: string, pool: Pool | undefined): Problem[] {
  if (!pool) return [];
  const problems: Problem[] = [];
  const { autoScale, nodeCount, minNodes, maxNodes } = pool;
  if (autoScale) {
    if (!given(minNodes) || !given(maxNodes))
      problems.push({
        path: `${at}.autoScale`,
        received: `true, with minNodes ${String(minNodes ?? "not set")} and maxNodes ${String(maxNodes ?? "not set")}`,
        allowed: "true together with minNodes and maxNodes",
        fix: `pulumi config set --path ${at}.${given(minNodes) ? "maxNodes 3" : "minNodes 1"}`,
      });
    if (given(nodeCount))
      problems.push(
        excludes(`${at}.nodeCount`, `${at}.autoScale`, "a fixed count, or one between minNodes and maxNodes"),
      );
  } else if (given(minNodes) || given(maxNodes)) {
    problems.push({
      path: `${at}.${given(minNodes) ? "minNodes" : "maxNodes"}`,
      received: `${String(minNodes ?? maxNodes)}, without autoScale`,
      allowed: "a bound for autoScale: true",
      fix: `pulumi config set --path ${at}.autoScale true`,
    });
  }
  if (typeof minNodes === "number" && typeof maxNodes === "number" && minNodes > maxNodes)
    problems.push({
      path: `${at}.minNodes`,
      received: String(minNodes),
      allowed: `at most maxNodes, which is ${maxNodes}`,
      fix: `pulumi config set --path ${at}.minNodes ${maxNodes}`,
    });
  return problems;
}

function workload({
  replicas,
  autoscaler,
  deployment,
  port,
  container,
  env,
  secretEnv,
  disruptionBudget,
}: Given): Problem[] {
  const problems: Problem[] = [];
  const scale = autoscaler?.spec;
  const replicasGiven = given(replicas) && replicas !== 1; // 1 is the default
  if (replicasGiven && given(deployment?.spec?.replicas))
    problems.push(excludes("replicas", "deployment.spec.replicas", "they are the same number"));
  if (autoscaler && replicasGiven)
    problems.push(excludes("replicas", "autoscaler", "the autoscaler decides how many pods run"));
  if (autoscaler && given(deployment?.spec?.replicas))
    problems.push(
      excludes("deployment.spec.replicas", "autoscaler", "the autoscaler decides how many pods run"),
    );
  if (autoscaler && !given(scale?.maxReplicas))
    problems.push({
      path: "autoscaler.spec.maxReplicas",
      received: "nothing",
      allowed: "the most pods that the autoscaler may start, a whole number from 1 to 1000",
      fix: "pulumi config set --path autoscaler.spec.maxReplicas 3",
    });
  if (
    typeof scale?.minReplicas === "number" &&
    typeof scale.maxReplicas === "number" &&
    scale.minReplicas > scale.maxReplicas
  )
    problems.push({
      path: "autoscaler.spec.minReplicas",
      received: String(scale.minReplicas),
      allowed: `at most maxReplicas, which is ${scale.maxReplicas}`,
      fix: `pulumi config set --path autoscaler.spec.minReplicas ${scale.maxReplicas}`,
    });
  for (const name of Object.keys(env ?? {}).filter((name) => name in (secretEnv ?? {})))
    problems.push(excludes(`env.${name}`, `secretEnv.${name}`, "a variable has one value"));
  if (given(disruptionBudget?.spec?.minAvailable) && given(disruptionBudget?.spec?.maxUnavailable))
    problems.push(
      excludes(
        "disruptionBudget.spec.minAvailable",
        "disruptionBudget.spec.maxUnavailable",
        "Kubernetes takes one bound",
      ),
    );
  if (port !== 8080 && given(container?.ports))
    problems.push(excludes("port", "container.ports", "the first of container.ports is the app's port"));
  return problems;
}

function image({ registry, build }: Given, folder: string): Problem[] {
  const problems: Problem[] = [];
  if (registry && given(registry.username) !== given(registry.password))
    problems.push({
      path: registry.username ? "registry.password" : "registry.username",
      received: "nothing",
      allowed: "a user name and a password (or token), both or neither",
      fix: registry.username
        ? "pulumi config set --path registry.password --secret"
        : "pulumi config set --path registry.username <name>",
    });
  if (!build) return problems;
  const context = path.resolve(folder, String(build.context));
  if (!statSync(context, { throwIfNoEntry: false })?.isDirectory())
    problems.push({
      path: "build.context",
      received: JSON.stringify(build.context),
      allowed: "a folder that exists, seen from the folder of Pulumi.yaml",
      fix: "pulumi config set --path build.context app",
    });
  else {
    const dockerfile = build.dockerfile
      ? path.resolve(folder, String(build.dockerfile))
      : path.join(context, "Dockerfile");
    if (!existsSync(dockerfile))
      problems.push({
        path: "build.dockerfile",
        received: build.dockerfile
          ? JSON.stringify(build.dockerfile)
          : `nothing, and ${String(build.context)} has no Dockerfile`,
        allowed: "a Dockerfile that exists, seen from the folder of Pulumi.yaml",
        fix: "pulumi config set --path build.dockerfile app/Dockerfile",
      });
  }
  return problems;
}

function kubeconfigText({ kubeconfig }: Given): Problem[] {
  if (!given(kubeconfig)) return [];
  const problem = (received: string): Problem[] => [
    {
      path: "kubeconfig",
      received: `${received} (the text is a secret, so not shown)`,
      allowed:
        "the text of a kubeconfig file with clusters, users, contexts and a current-context that is one of them",
      fix: 'pulumi config set kubeconfig --secret "$(kubectl config view --raw --minify --flatten)"',
    },
  ];
  let document: unknown;
  try {
    document = parse(kubeconfig as string);
  } catch {
    return problem("a text that is not YAML");
  }
  if (typeof document !== "object" || document === null) return problem("a text that is no YAML map");
  const { contexts, clusters, "current-context": current } = document as Record<string, unknown>;
  if (!Array.isArray(clusters) || clusters.length === 0) return problem("a YAML map without clusters");
  if (
    !Array.isArray(contexts) ||
    !contexts.some((context: { name?: unknown } | null) => context?.name === current)
  )
    return problem(`contexts without the current-context ${JSON.stringify(current ?? null)}`);
  return [];
}

/** What is wrong between values that are each right on their own. `folder` is the one of `Pulumi.yaml`. */
export function crossChecks(config: Given, folder: string): Problem[] {
  return [
    ...pipelineChecks(config),
    ...(config.pipeline ? [] : whereToRun(config)),
    ...poolScaling("cluster.nodePool", config.cluster?.nodePool as Pool | undefined),
    ...Object.entries(config.nodePools ?? {}).flatMap(([name, pool]) =>
      poolScaling(`nodePools.${name}`, pool as Pool),
    ),
    ...workload(config),
    ...image(config, folder),
    ...kubeconfigText(config),
  ];
}
