import type {
  KubernetesClusterArgs,
  KubernetesNodePoolArgs,
  types as digitalocean,
} from "@pulumi/digitalocean";
import type { types as docker } from "@pulumi/docker";
import type { types as kubernetes } from "@pulumi/kubernetes";

/**
 * The names of all arguments of a provider's type, as a list that can be checked at run time. The
 * compiler refuses a list that misses one or has one too many, so an SDK update that brings a new
 * argument brings it here too.
 */
function argumentsOf<T>() {
  return <const K extends readonly (keyof T & string)[]>(
    ...names: [keyof T] extends [K[number]] ? K : [missing: Exclude<keyof T, K[number]>]
  ): readonly string[] => names as readonly string[];
}

/** `digitalocean.KubernetesCluster`. */
// prettier-ignore
export const clusterArguments = argumentsOf<KubernetesClusterArgs>()(
  "amdGpuDeviceMetricsExporterPlugin", "amdGpuDevicePlugin", "amdGpuDraDriver", "autoUpgrade",
  "clusterAutoscalerConfigurations", "clusterSubnet", "controlPlaneFirewall", "corednsAutoscaler",
  "destroyAllAssociatedResources", "ha", "isolatedWorkers", "kubeconfigExpireSeconds", "maintenancePolicy",
  "name", "nodePool", "nvidiaGpuDevicePlugin", "nvidiaGpuDraDriver", "p2pOciRegistryPlugin",
  "rdmaSharedDevicePlugin", "region", "registryIntegration", "routingAgent", "serviceSubnet", "ssos",
  "surgeUpgrade", "tags", "version", "vpcUuid", "workerSubnetUuid",
);

/** The default node pool, inside `digitalocean.KubernetesCluster`. */
// prettier-ignore
export const nodePoolArguments = argumentsOf<digitalocean.input.KubernetesClusterNodePool>()(
  "actualNodeCount", "autoScale", "gpuPartitionMode", "id", "labels", "maxNodes", "minNodes", "name",
  "nodeCount", "nodes", "size", "tags", "taints",
);

/** `digitalocean.KubernetesNodePool`; the cluster is filled in. */
// prettier-ignore
export const extraNodePoolArguments = argumentsOf<Omit<KubernetesNodePoolArgs, "clusterId">>()(
  "autoScale", "gpuPartitionMode", "labels", "maxNodes", "minNodes", "name", "nodeCount", "size", "tags", "taints",
);

/** `build` of `docker.Image`. */
// prettier-ignore
export const buildArguments = argumentsOf<docker.input.DockerBuild>()(
  "addHosts", "args", "builderVersion", "cacheFrom", "context", "dockerfile", "network", "platform", "target",
);

type Apps = kubernetes.input.apps.v1.DeploymentSpec;
type Pod = kubernetes.input.core.v1.PodSpec;
type Container = kubernetes.input.core.v1.Container;

/** `spec` of a Deployment. */
// prettier-ignore
export const deploymentSpecArguments = argumentsOf<Apps>()(
  "minReadySeconds", "paused", "progressDeadlineSeconds", "replicas", "revisionHistoryLimit", "selector",
  "strategy", "template",
);

/** `spec` of a pod template. */
// prettier-ignore
export const podSpecArguments = argumentsOf<Pod>()(
  "activeDeadlineSeconds", "affinity", "automountServiceAccountToken", "containers", "dnsConfig", "dnsPolicy",
  "enableServiceLinks", "ephemeralContainers", "evictionResponders", "hostAliases", "hostIPC", "hostNetwork",
  "hostPID", "hostUsers", "hostname", "hostnameOverride", "imagePullSecrets", "initContainers", "nodeName",
  "nodeSelector", "os", "overhead", "preemptionPolicy", "priority", "priorityClassName", "readinessGates",
  "resourceClaims", "resources", "restartPolicy", "runtimeClassName", "schedulerName", "schedulingGates",
  "schedulingGroup", "securityContext", "serviceAccount", "serviceAccountName", "setHostnameAsFQDN",
  "shareProcessNamespace", "subdomain", "terminationGracePeriodSeconds", "tolerations",
  "topologySpreadConstraints", "volumes", "workloadRef",
);

/** A container. */
// prettier-ignore
export const containerArguments = argumentsOf<Container>()(
  "args", "command", "env", "envFrom", "image", "imagePullPolicy", "lifecycle", "livenessProbe", "name",
  "ports", "readinessProbe", "resizePolicy", "resources", "restartPolicy", "restartPolicyRules",
  "securityContext", "startupProbe", "stdin", "stdinOnce", "terminationMessagePath",
  "terminationMessagePolicy", "tty", "volumeDevices", "volumeMounts", "workingDir",
);

/** `spec` of a Service. */
// prettier-ignore
export const serviceSpecArguments = argumentsOf<kubernetes.input.core.v1.ServiceSpec>()(
  "allocateLoadBalancerNodePorts", "clusterIP", "clusterIPs", "externalIPs", "externalName",
  "externalTrafficPolicy", "healthCheckNodePort", "internalTrafficPolicy", "ipFamilies", "ipFamily",
  "ipFamilyPolicy", "loadBalancerClass", "loadBalancerIP", "loadBalancerSourceRanges", "ports",
  "publishNotReadyAddresses", "selector", "sessionAffinity", "sessionAffinityConfig", "topologyKeys",
  "trafficDistribution", "type",
);

/** `spec` of an Ingress. */
export const ingressSpecArguments = argumentsOf<kubernetes.input.networking.v1.IngressSpec>()(
  "defaultBackend",
  "ingressClassName",
  "rules",
  "tls",
);

/** `spec` of a HorizontalPodAutoscaler; the target is filled in. */
export const autoscalerSpecArguments = argumentsOf<
  Omit<kubernetes.input.autoscaling.v2.HorizontalPodAutoscalerSpec, "scaleTargetRef">
>()("behavior", "maxReplicas", "metrics", "minReplicas");

/** `spec` of a PodDisruptionBudget; the selector is filled in. */
export const disruptionBudgetSpecArguments = argumentsOf<
  Omit<kubernetes.input.policy.v1.PodDisruptionBudgetSpec, "selector">
>()("maxUnavailable", "minAvailable", "unhealthyPodEvictionPolicy");
