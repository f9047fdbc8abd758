import type { types } from "@pulumi/kubernetes";
import type { Input } from "@pulumi/pulumi";
import type { Config, ManifestPatch } from "../../config";
import { parseImageTag } from "../../config/release";
import { mergePatch } from "./mergePatch";

type Container = types.input.core.v1.Container;

/** The configuration that decides what runs, and the image that it runs. */
export type WorkloadOptions = Pick<
  Config,
  | "appName"
  | "namespace"
  | "imageTag"
  | "replicas"
  | "port"
  | "env"
  | "container"
  | "deployment"
  | "service"
  | "ingress"
  | "autoscaler"
  | "disruptionBudget"
>;

/** The one label by which everything here finds the app's pods. It can't change without a new Deployment. */
export const selectorOf = ({ appName }: WorkloadOptions) => ({ app: appName });

/** Name of the Deployment; other objects carry the app's own name. */
export const deploymentName = ({ appName }: WorkloadOptions) => `${appName}-deployment`;

/** Names of the app's Secrets where the Deployment is a file, written once. */
export const secretNames = ({ appName }: WorkloadOptions) => ({
  env: `${appName}-env`,
  registry: `${appName}-registry`,
});

/**
 * What somebody changed by hand is this program's again: without this, server-side apply refuses to
 * take a field from who set it last, and no deploy could mend drift.
 */
export const takesFieldsBack = "pulumi.com/patchForce";

const metadata = (options: WorkloadOptions, name: string, patch?: ManifestPatch<unknown>) =>
  mergePatch(
    {
      name,
      namespace: options.namespace,
      labels: { ...selectorOf(options), "app.kubernetes.io/managed-by": "slipway" } as Record<string, string>,
      annotations: { [takesFieldsBack]: "true" } as Record<string, string>,
    },
    patch?.metadata,
  );

/**
 * The app's container: Pod Security "restricted", probes, requests and limits; `options.container` is
 * merged over it.
 */
export function appContainer(
  options: WorkloadOptions,
  image: Input<string>,
  secretName?: Input<string>,
): Container {
  const probe = (path: string) => ({ httpGet: { path, port: "http" } });
  return mergePatch<Container>(
    {
      name: options.appName,
      image,
      ports: [{ name: "http", containerPort: options.port }],
      env: Object.entries(options.env)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => ({ name, value })),
      ...(secretName ? { envFrom: [{ secretRef: { name: secretName } }] } : {}),
      readinessProbe: { ...probe("/readyz"), periodSeconds: 1, failureThreshold: 3 },
      livenessProbe: { ...probe("/healthz"), periodSeconds: 10, failureThreshold: 3 },
      resources: { requests: { cpu: "50m", memory: "32Mi" }, limits: { cpu: "500m", memory: "128Mi" } },
      // A crash is then reported with the app's last words.
      terminationMessagePolicy: "FallbackToLogsOnError",
      // Endpoints lose a pod at the same moment as it is told to stop; it answers until they have.
      lifecycle: { preStop: { sleep: { seconds: 3 } } },
      securityContext: {
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
        readOnlyRootFilesystem: true,
        runAsNonRoot: true,
      },
    },
    options.container,
  );
}

/** The Deployment. `pullSecretName` names a Secret with the registry's credentials. */
export function deploymentManifest(
  options: WorkloadOptions,
  container: Container,
  pullSecretName?: Input<string>,
) {
  const { template, ...spec } = options.deployment.spec ?? {};
  const { containers: sidecars, ...pod } = ((
    template as ManifestPatch<types.input.core.v1.PodSpec> | undefined
  )?.spec ?? {}) as Partial<types.input.core.v1.PodSpec>;
  const patch = { ...spec, template: { ...(template as object | undefined), spec: pod } };
  const merged = mergePatch(
    {
      ...(options.autoscaler ? {} : { replicas: options.replicas }),
      selector: { matchLabels: selectorOf(options) },
      strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      // A rollout without progress for so long has failed (Kubernetes' own default is 600).
      progressDeadlineSeconds: 120,
      revisionHistoryLimit: 3,
      template: {
        metadata: {
          labels: {
            ...selectorOf(options),
            "app.kubernetes.io/version": parseImageTag(options.imageTag).tag,
          },
        },
        spec: {
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 30,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
          ...(pullSecretName ? { imagePullSecrets: [{ name: pullSecretName }] } : {}),
        },
      },
    },
    patch,
  );
  const containers = [container, ...((sidecars ?? []) as Container[])];
  return {
    metadata: metadata(options, deploymentName(options), options.deployment),
    spec: { ...merged, template: { ...merged.template, spec: { ...merged.template.spec, containers } } },
  };
}

/**
 * The Service: inside the cluster only, unless `options.service` says otherwise. One of type ClusterIP is
 * not waited for: its pods are ready already, and the provider would look on for another 10 seconds.
 */
export function serviceManifest(options: WorkloadOptions) {
  const spec = mergePatch(
    {
      type: "ClusterIP",
      selector: selectorOf(options),
      ports: [{ name: "http", port: 80, targetPort: "http" }],
    },
    options.service.spec,
  );
  const waitless = spec.type === "ClusterIP" ? { annotations: { "pulumi.com/skipAwait": "true" } } : {};
  return {
    metadata: metadata(options, options.appName, {
      metadata: mergePatch(waitless, options.service.metadata),
    }),
    spec,
  };
}

/** The Ingress, each rule without paths of its own leading to the app's Service. */
export function ingressManifest(options: WorkloadOptions, patch: NonNullable<Config["ingress"]>) {
  const http = {
    paths: [
      {
        path: "/",
        pathType: "Prefix",
        backend: { service: { name: options.appName, port: { name: "http" } } },
      },
    ],
  };
  const rules = ((patch.spec?.rules ?? [{}]) as object[]).map((rule) => ({ http, ...rule }));
  return { metadata: metadata(options, options.appName, patch), spec: { ...patch.spec, rules } };
}

/** The HorizontalPodAutoscaler: by CPU at 80 % of the request, unless `patch` has other metrics. */
export function autoscalerManifest(options: WorkloadOptions, patch: NonNullable<Config["autoscaler"]>) {
  return {
    metadata: metadata(options, options.appName, patch),
    spec: mergePatch(
      {
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: deploymentName(options) },
        maxReplicas: 1,
        metrics: [
          {
            type: "Resource",
            resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } },
          },
        ],
      },
      patch.spec,
    ),
  };
}

/** The PodDisruptionBudget: one pod at a time, unless `patch` says otherwise. */
export function disruptionBudgetManifest(
  options: WorkloadOptions,
  patch: NonNullable<Config["disruptionBudget"]>,
) {
  const bounded = patch.spec?.minAvailable !== undefined;
  return {
    metadata: metadata(options, options.appName, patch),
    spec: mergePatch(
      { selector: { matchLabels: selectorOf(options) }, ...(bounded ? {} : { maxUnavailable: 1 }) },
      patch.spec,
    ),
  };
}
