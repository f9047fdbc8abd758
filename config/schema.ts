import type { KubernetesClusterArgs, KubernetesNodePoolArgs } from "@pulumi/digitalocean";
import type { types as docker } from "@pulumi/docker";
import type { types as kubernetes } from "@pulumi/kubernetes";
import { z } from "zod";
import { isPipelineSecret, pipeline } from "./pipeline";
import { dnsLabel, passThrough, text, texts, truth, variableName, whole } from "./fields";
import * as names from "./providerArguments";
import { imageTagPattern } from "./release";

type Container = kubernetes.input.core.v1.Container;

/** `metadata` and `spec` of one Kubernetes object, merged over what Slipway sets (null takes a value away). */
export interface ManifestPatch<Spec> {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
  spec?: Partial<Spec>;
}

const metadata = passThrough<object>(["labels", "annotations"], {
  labels: texts(z.string(), "a map of labels").optional(),
  annotations: texts(z.string(), "a map of annotations").optional(),
}).optional();

const manifest = <Spec>(specNames: readonly string[], shape: z.ZodRawShape = {}) =>
  passThrough<ManifestPatch<Spec>>(["metadata", "spec"], {
    metadata,
    spec: passThrough<object>(specNames, shape).optional(),
  });

const poolShape = {
  size: text(/^[a-z0-9-]+$/, "the slug of a Droplet size, such as s-2vcpu-4gb").optional(),
  nodeCount: whole(0, 512).optional(),
  autoScale: truth.optional(),
  minNodes: whole(0, 512).optional(),
  maxNodes: whole(1, 512).optional(),
};

const maintenancePolicy = passThrough<object>(["day", "duration", "startTime"], {
  day: z
    .enum(["any", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"], {
      error: "a day of the week in lower-case English, or any",
    })
    .optional(),
  startTime: text(/^([01]\d|2[0-3]):[0-5]\d$/, "a time in UTC, as 04:00").optional(),
});

/** Arguments of `digitalocean.KubernetesCluster`, and the Kubernetes minor version to look one up by. */
export type ClusterOptions = Partial<Omit<KubernetesClusterArgs, "nodePool">> & {
  nodePool?: Partial<Extract<KubernetesClusterArgs["nodePool"], { size: unknown }>>;
  /** Kubernetes minor version, such as `1.34.`; default: the newest when the cluster is created, then kept. */
  versionPrefix?: string;
};

const cluster = passThrough<ClusterOptions>(names.clusterArguments, {
  name: text(
    /^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$/,
    'letters, digits, "." and "-", beginning and ending with a letter or digit',
  ).optional(),
  region: text(/^[a-z]{3}\d$/, "the slug of a region, such as ams3").optional(),
  version: text(
    /^\d+\.\d+\.\d+-do\.\d+$/,
    "a version slug of DigitalOcean's, such as 1.34.1-do.0",
  ).optional(),
  versionPrefix: text(/^\d+\.\d+\.?$/, "a Kubernetes minor version, such as 1.34").optional(),
  nodePool: passThrough<object>(names.nodePoolArguments, poolShape).optional(),
  ha: truth.optional(),
  autoUpgrade: truth.optional(),
  surgeUpgrade: truth.optional(),
  maintenancePolicy: maintenancePolicy.optional(),
  tags: z
    .array(text(/^[a-zA-Z0-9:_-]{1,255}$/, 'a tag: up to 255 letters, digits, ":", "_" and "-"'), {
      error: "a list of tags",
    })
    .optional(),
});

const registry = z.strictObject(
  {
    address: text(
      /^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?(:\d{1,5})?$/,
      "a host name with an optional port, without https://, such as ghcr.io",
    ).default("docker.io"),
    username: z.string({ error: "a text" }).min(1, { error: "a user name" }).optional(),
    password: z.string({ error: "a text" }).min(1, { error: "a token or password" }).optional(),
  },
  {
    error: (issue) =>
      issue.code === "unrecognized_keys"
        ? "one of address, password, username"
        : "an object with address, and username with password where the registry asks for them",
  },
);

const platform = text(
  /^[a-z0-9]+\/[a-z0-9]+(\/v\d+)?$/,
  "an operating system and architecture, such as linux/amd64",
);

const build = passThrough<docker.input.DockerBuild>(names.buildArguments, {
  context: z.string({ error: "the folder to build in" }).min(1, { error: "the folder to build in" }),
  dockerfile: z.string({ error: "the path of a Dockerfile" }).optional(),
  args: texts(variableName, "a map of build arguments").optional(),
  target: z.string({ error: "the name of a stage in the Dockerfile" }).optional(),
  platform: platform.optional(),
});

/** One key of the stack's configuration, as `Pulumi.yaml` declares it and the program checks it. */
export interface Key<T> {
  schema: z.ZodType<T>;
  /** Its type in `Pulumi.yaml`. */
  type: "string" | "integer" | "boolean" | "object";
  /** A value that would be taken, for the fix in an error message. */
  example: string;
  /** Set as a secret, and never printed. */
  secret?: true;
  /** Where in an object the secrets are, if not all of it is one. */
  secretAt?: (path: PropertyKey[]) => boolean;
}

const key = <T>(
  type: Key<T>["type"],
  schema: z.ZodType<T>,
  example: string,
  secret?: true | Key<T>["secretAt"],
): Key<T> => ({
  schema,
  type,
  example,
  ...(secret === true ? { secret } : { secretAt: secret }),
});

/** The configuration of a stack: every key of the project's namespace. `docs/configuration.md` explains each. */
export const keys = {
  imageTag: key(
    "string",
    // Whether it must be there depends on the kind of stack.
    text(
      imageTagPattern,
      'a tag of up to 128 letters, digits, "_", "." and "-", beginning with a letter, digit or "_"; with @sha256:<digest> after it where the digest is known',
    ).default(""),
    "v0.0.1",
  ),
  appName: key(
    "string",
    text(
      /^[a-z]([a-z0-9-]{0,40}[a-z0-9])?$/,
      'up to 42 lower-case letters, digits and "-", beginning with a letter',
    ).default("k8s-demo-go-app"),
    "k8s-demo-go-app",
  ),
  namespace: key("string", dnsLabel.default("default"), "default"),
  repository: key(
    "string",
    text(
      /^[a-z0-9]+([._/-]+[a-z0-9]+)*$/,
      'the image\'s name without registry and tag: lower-case letters, digits, ".", "_", "-" and "/"',
    ).default("juggernaut/k8s-demo-go-app"),
    "juggernaut/k8s-demo-go-app",
  ),
  registry: key("object", registry.prefault({}), "ghcr.io", ([name]) => name === "password"),
  build: key("object", build.optional(), "app"),
  replicas: key("integer", whole(0, 1000).default(1), "1"),
  port: key("integer", whole(1, 65535).default(8080), "8080"),
  env: key("object", texts(variableName, "a map of environment variables").default({}), "hello"),
  secretEnv: key("object", texts(variableName, "a map of environment variables").default({}), "VALUE", true),
  container: key(
    "object",
    passThrough<Partial<Container>>(names.containerArguments.filter((n) => n !== "image")).default({}),
    "VALUE",
  ),
  deployment: key(
    "object",
    manifest<kubernetes.input.apps.v1.DeploymentSpec>(
      names.deploymentSpecArguments.filter((n) => n !== "selector"),
      {
        replicas: whole(0, 1000).optional(),
        progressDeadlineSeconds: whole(1, 3600).optional(),
        template: manifest<kubernetes.input.core.v1.PodSpec>(names.podSpecArguments).optional(),
      },
    ).default({}),
    "VALUE",
  ),
  service: key(
    "object",
    manifest<kubernetes.input.core.v1.ServiceSpec>(names.serviceSpecArguments, {
      type: z
        .enum(["ClusterIP", "NodePort", "LoadBalancer"], { error: "ClusterIP, NodePort or LoadBalancer" })
        .optional(),
    }).default({}),
    "VALUE",
  ),
  ingress: key(
    "object",
    manifest<kubernetes.input.networking.v1.IngressSpec>(names.ingressSpecArguments).optional(),
    "VALUE",
  ),
  autoscaler: key(
    "object",
    manifest<kubernetes.input.autoscaling.v2.HorizontalPodAutoscalerSpec>(names.autoscalerSpecArguments, {
      minReplicas: whole(1, 1000).optional(),
      maxReplicas: whole(1, 1000),
    }).optional(),
    "VALUE",
  ),
  disruptionBudget: key(
    "object",
    manifest<kubernetes.input.policy.v1.PodDisruptionBudgetSpec>(
      names.disruptionBudgetSpecArguments,
    ).optional(),
    "VALUE",
  ),
  engine: key(
    "string",
    z.enum(["pulumi", "kustomize"], { error: "pulumi or kustomize" }).default("pulumi"),
    "kustomize",
  ),
  verifyPath: key("string", text(/^\/\S*$/, 'a path that begins with "/"').default("/demo"), "/demo"),
  cluster: key("object", cluster.optional(), "ams3"),
  nodePools: key(
    "object",
    z
      .record(
        dnsLabel,
        passThrough<Partial<KubernetesNodePoolArgs> & { size: string }>(names.extraNodePoolArguments, {
          ...poolShape,
          size: poolShape.size.unwrap(),
        }),
        { error: "a map of names to node pools" },
      )
      .default({}),
    "VALUE",
  ),
  protect: key("boolean", truth.default(true), "false"),
  kubeconfig: key(
    "string",
    z.string({ error: "the text of a kubeconfig file" }).optional(),
    '"$(kubectl config view --raw --minify --flatten)"',
    true,
  ),
  clusterStack: key(
    "string",
    text(/^[^/\s]+\/[^/\s]+\/[^/\s]+$/, "the full name of a stack: organization/project/stack").optional(),
    "organization/slipway/cluster",
  ),
  pipeline: key("object", pipeline, "VALUE", isPipelineSecret),
};

/** A stack's configuration, checked. */
export type Config = { [K in keyof typeof keys]: z.output<(typeof keys)[K]["schema"]> };
