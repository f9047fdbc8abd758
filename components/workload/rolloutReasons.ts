import * as pulumi from "@pulumi/pulumi";

/** What is needed of a Kubernetes Event. */
export interface RolloutEvent {
  type?: string;
  reason?: string;
  message?: string;
  involvedObject: { kind?: string; name?: string };
  lastTimestamp?: Date;
  eventTime?: Date;
  metadata: { creationTimestamp?: Date };
}

/** What is needed of a pod. */
export interface RolloutPod {
  metadata?: { name?: string; deletionTimestamp?: Date };
  status?: { conditions?: { type: string; status: string }[] };
}

const isPending = ({ metadata, status }: RolloutPod) =>
  !metadata?.deletionTimestamp &&
  !status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True");

/**
 * What the cluster complains of about a Deployment's rollout: one line for each object and complaint.
 * The provider tells of pull errors and crashes; failing probes, pods that fit on no node and pods that
 * an admission rule refuses are told by Events alone. A pod's Events count whatever their age, since the
 * kubelet stops repeating them; a ReplicaSet's from `since` on.
 */
export function complaints(
  events: RolloutEvent[],
  pods: RolloutPod[],
  deployment: string,
  since: Date,
): string[] {
  const pending = new Set(pods.filter(isPending).map((pod) => pod.metadata?.name));
  const lines = events
    .filter(({ type, involvedObject: { kind, name }, lastTimestamp, eventTime, metadata }) => {
      if (type !== "Warning" || !name?.startsWith(`${deployment}-`)) return false;
      const when = lastTimestamp ?? eventTime ?? metadata.creationTimestamp;
      return kind === "Pod" ? pending.has(name) : when !== undefined && when >= since;
    })
    .map(({ involvedObject, reason, message }) => `${involvedObject.name}: ${reason}: ${message?.trim()}`);
  return [...new Set(lines)];
}

/** Milliseconds: a rollout that takes longer gets its complaints shown. */
const patience = 12_000;
const interval = 4_000;

/**
 * During an update, shows on the workload's own line what the Deployment's pods complain of, from `patience` on
 * until the rollout ends. It tells; whether the rollout failed is the provider's to say.
 */
export function tellRolloutReasons(
  workload: pulumi.Resource,
  deployment: { metadata: pulumi.Output<unknown> },
  where: { name: string; namespace: string; kubeconfig: pulumi.Output<string> },
): void {
  if (pulumi.runtime.isDryRun()) return;
  let ended = false;
  deployment.metadata.apply(() => (ended = true));
  where.kubeconfig.apply((kubeconfig) => {
    const since = new Date(Date.now() - 1000); // events carry whole seconds
    const told = new Set<string>();
    const look = async () => {
      if (ended) return;
      const { CoreV1Api, KubeConfig } = await import("@kubernetes/client-node");
      const config = new KubeConfig();
      config.loadFromString(kubeconfig);
      const api = config.makeApiClient(CoreV1Api);
      const { namespace } = where;
      const [events, pods] = await Promise.all([
        api.listNamespacedEvent({ namespace }),
        api.listNamespacedPod({ namespace }),
      ]);
      for (const line of complaints(events.items, pods.items, where.name, since)) {
        if (ended || told.has(line)) continue;
        told.add(line);
        await pulumi.log.warn(line, workload); // the Deployment has no URN to log by before it ends
      }
      setTimeout(tell, interval).unref();
    };
    const tell = () =>
      void look().catch((error: Error) => pulumi.log.debug(`no events: ${error.message}`, workload));
    setTimeout(tell, patience).unref();
  });
}
