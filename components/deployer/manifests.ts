import { stringify } from "yaml";
import type { Config } from "../../config";
import {
  appContainer,
  deploymentManifest,
  deploymentName,
  secretNames,
  takesFieldsBack,
  type WorkloadOptions,
} from "../workload/manifests";

/** What `kubectl apply -k` applies. */
export interface Files {
  "deployment.yaml": string;
  "kustomization.yaml": string;
}

const writtenOnce =
  "# Written once by Slipway (pulumi up); from then on it is yours, and the pipeline's workflows change the image.\n";

/** An object as YAML a person reads: no line is folded. */
const yaml = (object: unknown) => writtenOnce + stringify(object, { lineWidth: 0 });

/** Name of the image as both files have it: without tag, and without Docker Hub's host. */
const imageName = ({ registry, repository }: Pick<Config, "registry" | "repository">) =>
  registry.address === "docker.io" ? repository : `${registry.address}/${repository}`;

/**
 * The files of the vanilla engine. `kustomize build` makes of them the Deployment that the program would
 * have declared itself.
 */
export function kustomizeFiles(
  options: WorkloadOptions & Pick<Config, "registry" | "repository" | "secretEnv">,
  image: { tag: string; digest: string },
): Files {
  const names = secretNames(options);
  const name = imageName(options);
  const container = appContainer(
    options,
    name,
    Object.keys(options.secretEnv).length ? names.env : undefined,
  );
  const { metadata, spec } = deploymentManifest(
    options,
    container,
    options.registry.password ? names.registry : undefined,
  );
  // The tag changes, and this file does not.
  const { "app.kubernetes.io/version": _, ...labels } = spec.template.metadata.labels;
  const { [takesFieldsBack]: __, ...annotations } = metadata.annotations;
  const template = { ...spec.template, metadata: { ...spec.template.metadata, labels } };
  return {
    "deployment.yaml": yaml({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { ...metadata, annotations: Object.keys(annotations).length ? annotations : undefined },
      spec: { ...spec, template },
    }),
    "kustomization.yaml": yaml({
      apiVersion: "kustomize.config.k8s.io/v1beta1",
      kind: "Kustomization",
      resources: ["deployment.yaml"],
      images: [{ name, newTag: image.tag, digest: image.digest }],
    }),
  };
}

/**
 * What `kubectl apply -k`, `rollout status`, `diff` and the check of the answer need, and no more: one
 * Deployment by name, and to read its pods and what is said of them.
 */
export const deployRules = (options: WorkloadOptions) => [
  // Kubernetes can't limit `create` to a name (the name isn't known yet when it decides).
  { apiGroups: ["apps"], resources: ["deployments"], verbs: ["create"] },
  {
    apiGroups: ["apps"],
    resources: ["deployments"],
    resourceNames: [deploymentName(options)],
    verbs: ["get", "patch", "update"],
  },
  { apiGroups: ["apps"], resources: ["deployments", "replicasets"], verbs: ["get", "list", "watch"] },
  { apiGroups: [""], resources: ["pods", "events"], verbs: ["get", "list", "watch"] },
  { apiGroups: [""], resources: ["pods/log", "pods/proxy"], verbs: ["get"] },
];

/** A kubeconfig for one token in one namespace. */
export function tokenKubeconfig(
  cluster: { server: string; ca: string },
  namespace: string,
  token: string,
): string {
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      { name: "cluster", cluster: { server: cluster.server, "certificate-authority-data": cluster.ca } },
    ],
    users: [{ name: "deployer", user: { token } }],
    contexts: [{ name: "deploy", context: { cluster: "cluster", user: "deployer", namespace } }],
    "current-context": "deploy",
  });
}
