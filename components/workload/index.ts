import { Deployment } from "@pulumi/kubernetes/apps/v1";
import { HorizontalPodAutoscaler } from "@pulumi/kubernetes/autoscaling/v2";
import { Namespace, Secret, Service } from "@pulumi/kubernetes/core/v1";
import { Ingress } from "@pulumi/kubernetes/networking/v1";
import { PodDisruptionBudget } from "@pulumi/kubernetes/policy/v1";
import type { Provider } from "@pulumi/kubernetes/provider";
import * as pulumi from "@pulumi/pulumi";
import type { Config } from "../../config";
import * as manifests from "./manifests";
import { tellRolloutReasons } from "./rolloutReasons";

export interface WorkloadArgs {
  options: manifests.WorkloadOptions;
  /** What to run, by digest. Without it, `kubectl` delivers the Deployment, and this is what it lives on. */
  image?: pulumi.Input<string>;
  /** Environment variables that live in a Secret. */
  secretEnv: Config["secretEnv"];
  /** Registry that the cluster pulls from, with credentials where it asks for them. */
  registry: Config["registry"];
  /** The cluster. */
  provider: Provider;
  /** The cluster's kubeconfig, to read why a rollout is slow. */
  kubeconfig: pulumi.Output<string>;
}

/** One app on a cluster: a Deployment, its Service, and what the configuration adds. */
export class Workload extends pulumi.ComponentResource {
  /** Name of the Deployment. Known at once: a stack whose rollout fails keeps its outputs. */
  readonly deployment: string;

  constructor(name: string, args: WorkloadArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:Workload", name, {}, opts);
    const { options, registry } = args;
    const { namespace } = options;
    const child: pulumi.CustomResourceOptions = { parent: this, provider: args.provider };

    // The cluster's own namespace is used as it is; any other is made, for pods that need no privileges.
    const home =
      namespace === "default"
        ? undefined
        : new Namespace(
            name,
            { metadata: { name: namespace, labels: { "pod-security.kubernetes.io/enforce": "restricted" } } },
            child,
          );
    const inside: pulumi.CustomResourceOptions = { ...child, dependsOn: home };

    // Named by the engine, so that a changed value is a new Secret and a rollout that can fail safely. Under
    // a fixed name, it would first be deleted, and with it the Deployment that names it. A Deployment that
    // is not declared here finds its Secrets by fixed names, and they change in place.
    const fixed = manifests.secretNames(options);
    const naming = (fixedName: string) =>
      args.image
        ? { metadata: { namespace }, immutable: true }
        : { metadata: { namespace, name: fixedName } };
    const secret = Object.keys(args.secretEnv).length
      ? new Secret(`${name}-env`, { ...naming(fixed.env), stringData: pulumi.secret(args.secretEnv) }, inside)
      : undefined;
    const pullSecret = registry.password
      ? new Secret(
          `${name}-registry`,
          {
            metadata: naming(fixed.registry).metadata,
            type: "kubernetes.io/dockerconfigjson",
            stringData: { ".dockerconfigjson": pulumi.secret(dockerConfig(registry)) },
          },
          inside,
        )
      : undefined;

    const deployment = args.image
      ? this.deploy(name, args, args.image, secret?.metadata.name, pullSecret?.metadata.name, inside)
      : undefined;
    // After the Deployment: a Service waits for its pods, which a failed rollout never has.
    new Service(name, manifests.serviceManifest(options), { ...inside, dependsOn: deployment });
    if (options.ingress) new Ingress(name, manifests.ingressManifest(options, options.ingress), inside);
    if (options.autoscaler)
      new HorizontalPodAutoscaler(name, manifests.autoscalerManifest(options, options.autoscaler), inside);
    if (options.disruptionBudget)
      new PodDisruptionBudget(
        name,
        manifests.disruptionBudgetManifest(options, options.disruptionBudget),
        inside,
      );

    this.deployment = manifests.deploymentName(options);
    this.registerOutputs({ deployment: this.deployment });
  }

  private deploy(
    name: string,
    { options, kubeconfig }: WorkloadArgs,
    image: pulumi.Input<string>,
    envSecret: pulumi.Input<string> | undefined,
    pullSecret: pulumi.Input<string> | undefined,
    opts: pulumi.CustomResourceOptions,
  ): Deployment {
    const container = manifests.appContainer(options, image, envSecret);
    const manifest = manifests.deploymentManifest(options, container, pullSecret);
    // The provider waits for 10 minutes by default, whatever the Deployment's own deadline is.
    const timeout = `${manifest.spec.progressDeadlineSeconds + 15}s`;
    const deployment = new Deployment(name, manifest, {
      ...opts,
      customTimeouts: { create: timeout, update: timeout },
    });
    tellRolloutReasons(this, deployment, {
      name: manifests.deploymentName(options),
      namespace: options.namespace,
      kubeconfig,
    });
    return deployment;
  }
}

/** Credentials as the kubelet reads them. */
function dockerConfig({ address, username, password }: Config["registry"]): string {
  const server = address === "docker.io" ? "https://index.docker.io/v1/" : address;
  return JSON.stringify({ auths: { [server]: { username, password } } });
}
