import assert from "node:assert/strict";
import { Provider } from "@pulumi/kubernetes/provider";
import * as pulumi from "@pulumi/pulumi";
import { describe, it } from "mocha";
import { Workload } from "../../components/workload";
import { complaints } from "../../components/workload/rolloutReasons";
import { mergePatch } from "../../components/workload/mergePatch";
import { checkConfig } from "../../config";
import { type Json, startEngine } from "./engine";

const image = "registry.invalid/shop/web:v1@sha256:0";
const deploymentType = "kubernetes:apps/v1:Deployment";

const deploy = async (changes: Record<string, unknown> = {}) => {
  const raw: Record<string, string> = { "slipway:imageTag": "v1", "slipway:cluster": '{"region":"ams3"}' };
  for (const [key, value] of Object.entries(changes))
    raw[`slipway:${key}`] = typeof value === "string" ? value : JSON.stringify(value);
  const { config, problems } = checkConfig(raw, process.cwd(), () => true);
  assert.deepEqual(problems, []);
  const named = ({ name }: { name: string }) => ({ metadata: { name: `${name}-1a2b3c` } });
  const engine = await startEngine({ outputs: { "kubernetes:core/v1:Secret": named } });
  const provider = new Provider("kubernetes", { kubeconfig: "{}" });
  new Workload("app", {
    options: config,
    image,
    secretEnv: config.secretEnv,
    registry: config.registry,
    provider,
    kubeconfig: pulumi.output("{}"),
  });
  await engine.settle();
  const find = (type: string) => engine.ofType(type)[0]?.inputs as unknown as Json;
  const deployment = engine.single(deploymentType).inputs as unknown as Json;
  return {
    engine,
    find,
    deployment,
    pod: deployment.spec?.template?.spec as Json,
    container: deployment.spec?.template?.spec?.containers?.[0] as Json,
  };
};

describe("workload", () => {
  it("is the Deployment of the story, restricted and probed", async () => {
    const { deployment } = await deploy();
    assert.deepEqual(deployment, {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: {
        annotations: { "pulumi.com/patchForce": "true" },
        name: "k8s-demo-go-app-deployment",
        namespace: "default",
        labels: { app: "k8s-demo-go-app", "app.kubernetes.io/managed-by": "slipway" },
      },
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: "k8s-demo-go-app" } },
        strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        progressDeadlineSeconds: 120,
        revisionHistoryLimit: 3,
        template: {
          metadata: { labels: { app: "k8s-demo-go-app", "app.kubernetes.io/version": "v1" } },
          spec: {
            automountServiceAccountToken: false,
            enableServiceLinks: false,
            terminationGracePeriodSeconds: 30,
            securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
            containers: [
              {
                name: "k8s-demo-go-app",
                image,
                ports: [{ name: "http", containerPort: 8080 }],
                env: [],
                readinessProbe: {
                  httpGet: { path: "/readyz", port: "http" },
                  periodSeconds: 1,
                  failureThreshold: 3,
                },
                livenessProbe: {
                  httpGet: { path: "/healthz", port: "http" },
                  periodSeconds: 10,
                  failureThreshold: 3,
                },
                resources: {
                  requests: { cpu: "50m", memory: "32Mi" },
                  limits: { cpu: "500m", memory: "128Mi" },
                },
                terminationMessagePolicy: "FallbackToLogsOnError",
                lifecycle: { preStop: { sleep: { seconds: 3 } } },
                securityContext: {
                  allowPrivilegeEscalation: false,
                  capabilities: { drop: ["ALL"] },
                  readOnlyRootFilesystem: true,
                  runAsNonRoot: true,
                },
              },
            ],
          },
        },
      },
    });
  });

  it("exposes nothing publicly, and adds nothing that was not asked for", async () => {
    const { engine, find } = await deploy();
    const service = find("kubernetes:core/v1:Service");
    assert.equal(service.spec?.type, "ClusterIP");
    assert.deepEqual(service.metadata?.annotations, {
      "pulumi.com/patchForce": "true",
      "pulumi.com/skipAwait": "true",
    });
    assert.deepEqual(engine.resources.map((resource) => resource.type).sort(), [
      "kubernetes:apps/v1:Deployment",
      "kubernetes:core/v1:Service",
      "pulumi:providers:kubernetes",
      "slipway:index:Workload",
    ]);
  });

  it("is another app by configuration alone", async () => {
    const { deployment, container, find } = await deploy({
      appName: "shop",
      replicas: "3",
      port: "3000",
      env: { B: "2", A: "1" },
      container: {
        readinessProbe: { httpGet: { path: "/health" } },
        livenessProbe: null,
        resources: { limits: { memory: "256Mi" } },
        args: ["--fast"],
      },
    });
    assert.equal(deployment.metadata?.name, "shop-deployment");
    assert.equal(deployment.spec?.replicas, 3);
    assert.deepEqual(deployment.spec?.selector, { matchLabels: { app: "shop" } });
    assert.deepEqual(container.ports, [{ name: "http", containerPort: 3000 }]);
    assert.deepEqual(container.env, [
      { name: "A", value: "1" },
      { name: "B", value: "2" },
    ]);
    assert.deepEqual(container.readinessProbe?.httpGet, { path: "/health", port: "http" });
    assert.ok(!("livenessProbe" in container), "null takes a default away");
    assert.deepEqual(container.resources?.limits, { cpu: "500m", memory: "256Mi" });
    assert.deepEqual(container.args, ["--fast"]);
    assert.deepEqual(find("kubernetes:core/v1:Service").spec?.selector, { app: "shop" });
  });

  it("merges the Deployment's own fields, and keeps the app beside further containers", async () => {
    const { deployment, pod } = await deploy({
      deployment: {
        metadata: { annotations: { team: "a" } },
        spec: {
          progressDeadlineSeconds: 10,
          template: {
            metadata: { annotations: { note: "b" } },
            spec: { nodeSelector: { pool: "big" }, containers: [{ name: "proxy", image: "p" }] },
          },
        },
      },
    });
    assert.deepEqual(deployment.metadata?.annotations, { "pulumi.com/patchForce": "true", team: "a" });
    assert.equal(deployment.spec?.progressDeadlineSeconds, 10);
    assert.deepEqual(deployment.spec?.template?.metadata?.annotations, { note: "b" });
    assert.equal(deployment.spec?.template?.metadata?.labels?.app, "k8s-demo-go-app");
    assert.deepEqual(pod.nodeSelector, { pool: "big" });
    assert.deepEqual(
      (pod.containers as unknown as Json[]).map((container) => container.name),
      ["k8s-demo-go-app", "proxy"],
    );
  });

  it("keeps secret variables in a Secret, out of the Deployment", async () => {
    const { deployment, container, find } = await deploy({ secretEnv: { API_KEY: "canary-not-a-real-key" } });
    const secret = find("kubernetes:core/v1:Secret");
    assert.equal(secret.immutable, true);
    assert.match(JSON.stringify(secret.stringData), /canary/);
    assert.equal(secret.metadata?.name, undefined, "a changed value needs a Secret of another name");
    assert.ok(!JSON.stringify(deployment).includes("canary"));
    assert.deepEqual(container.envFrom, [{ secretRef: { name: "app-env-1a2b3c" } }]);
  });

  it("pulls with the registry's credentials where there are any", async () => {
    const { pod, find } = await deploy({
      registry: { address: "ghcr.io", username: "me", password: "canary" },
    });
    assert.deepEqual(pod.imagePullSecrets, [{ name: "app-registry-1a2b3c" }]);
    const secret = find("kubernetes:core/v1:Secret");
    assert.equal(secret.type, "kubernetes.io/dockerconfigjson");
    assert.equal(secret.metadata?.name, undefined, "new credentials need a Secret of another name");
    assert.match(JSON.stringify(secret.stringData), /ghcr.io/);
  });

  it("makes a namespace that enforces Pod Security, unless it is the default one", async () => {
    const { find, deployment } = await deploy({ namespace: "shop" });
    assert.deepEqual(find("kubernetes:core/v1:Namespace").metadata, {
      name: "shop",
      labels: { "pod-security.kubernetes.io/enforce": "restricted" },
    });
    assert.equal(deployment.metadata?.namespace, "shop");
  });

  it("has an Ingress with TLS where asked", async () => {
    const { find } = await deploy({
      ingress: {
        metadata: { annotations: { "cert-manager.io/cluster-issuer": "letsencrypt" } },
        spec: {
          ingressClassName: "nginx",
          rules: [{ host: "shop.invalid" }],
          tls: [{ hosts: ["shop.invalid"], secretName: "tls" }],
        },
      },
    });
    const ingress = find("kubernetes:networking.k8s.io/v1:Ingress");
    assert.deepEqual(ingress.metadata?.annotations, {
      "cert-manager.io/cluster-issuer": "letsencrypt",
      "pulumi.com/patchForce": "true",
    });
    assert.deepEqual(ingress.spec, {
      ingressClassName: "nginx",
      rules: [
        {
          host: "shop.invalid",
          http: {
            paths: [
              {
                path: "/",
                pathType: "Prefix",
                backend: { service: { name: "k8s-demo-go-app", port: { name: "http" } } },
              },
            ],
          },
        },
      ],
      tls: [{ hosts: ["shop.invalid"], secretName: "tls" }],
    });
  });

  it("leaves the replica count to an autoscaler", async () => {
    const { find, deployment } = await deploy({ autoscaler: { spec: { minReplicas: 2, maxReplicas: 5 } } });
    assert.ok(!("replicas" in (deployment.spec as object)));
    const { spec } = find("kubernetes:autoscaling/v2:HorizontalPodAutoscaler");
    assert.equal(spec?.minReplicas, 2);
    assert.equal(spec?.maxReplicas, 5);
    assert.equal(spec?.scaleTargetRef?.name, "k8s-demo-go-app-deployment");
  });

  it("has a disruption budget of one bound", async () => {
    const one = await deploy({ disruptionBudget: { metadata: { labels: { team: "a" } } } });
    assert.deepEqual(one.find("kubernetes:policy/v1:PodDisruptionBudget").spec, {
      selector: { matchLabels: { app: "k8s-demo-go-app" } },
      maxUnavailable: 1,
    });
    const other = await deploy({ disruptionBudget: { spec: { minAvailable: 2 } } });
    assert.deepEqual(other.find("kubernetes:policy/v1:PodDisruptionBudget").spec, {
      selector: { matchLabels: { app: "k8s-demo-go-app" } },
      minAvailable: 2,
    });
  });

  it("is a LoadBalancer where asked, with its annotations", async () => {
    const { find } = await deploy({
      service: {
        metadata: { annotations: { "service.beta.kubernetes.io/do-loadbalancer-name": "shop" } },
        spec: { type: "LoadBalancer" },
      },
    });
    const service = find("kubernetes:core/v1:Service");
    assert.equal(service.spec?.type, "LoadBalancer");
    assert.deepEqual(service.metadata?.annotations, {
      "pulumi.com/patchForce": "true",
      "service.beta.kubernetes.io/do-loadbalancer-name": "shop",
    });
  });
});

describe("reasons of a slow rollout", () => {
  const at = (second: number) => new Date(1_700_000_000_000 + second * 1000);
  const pod = "shop-deployment-5d-x1";
  const event = (changes: object) => ({
    type: "Warning",
    reason: "Unhealthy",
    message: "Readiness probe failed: HTTP probe failed with statuscode: 503 ",
    involvedObject: { kind: "Pod", name: pod },
    lastTimestamp: at(1),
    metadata: { creationTimestamp: at(1) },
    ...changes,
  });
  const pods = (ready: string, deletionTimestamp?: Date) => [
    {
      metadata: { name: pod, deletionTimestamp },
      status: { conditions: [{ type: "Ready", status: ready }] },
    },
  ];
  const said = [
    "shop-deployment-5d-x1: Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 503",
  ];
  const tell = (events: ReturnType<typeof event>[], of = pods("False")) =>
    complaints(events, of, "shop-deployment", at(3));

  it("are the warnings of pods that are not ready, each once, whatever their age", () => {
    assert.deepEqual(tell([event({}), event({ lastTimestamp: at(5) })]), said);
    assert.deepEqual(tell([event({ type: "Normal" })]), []);
    assert.deepEqual(tell([event({})], pods("True")), []);
    assert.deepEqual(tell([event({})], pods("False", at(2))), []);
    assert.deepEqual(tell([event({ involvedObject: { kind: "Pod", name: "other-deployment-5d-x1" } })]), []);
  });

  it("are the warnings of ReplicaSets since the rollout began", () => {
    const refused = {
      reason: "FailedCreate",
      message: "violates PodSecurity",
      involvedObject: { kind: "ReplicaSet", name: "shop-deployment-5d" },
    };
    assert.deepEqual(tell([event(refused)]), []);
    const line = ["shop-deployment-5d: FailedCreate: violates PodSecurity"];
    assert.deepEqual(tell([event({ ...refused, lastTimestamp: at(4) })]), line);
    assert.deepEqual(tell([event({ ...refused, lastTimestamp: undefined, eventTime: at(4) })]), line);
  });
});

describe("merge patch", () => {
  it("merges objects, replaces lists, and takes away by null", () => {
    assert.deepEqual(mergePatch({ a: { b: 1, c: 2 }, l: [1, 2], k: 1 }, { a: { b: null, d: 3 }, l: [3] }), {
      a: { c: 2, d: 3 },
      l: [3],
      k: 1,
    });
  });
  it("leaves its target as it was", () => {
    const target = { a: { b: 1 } };
    mergePatch(target, { a: { b: 2 } });
    assert.deepEqual(target, { a: { b: 1 } });
  });
});
