import * as pulumi from "@pulumi/pulumi";

/** What is needed of a Kubernetes Event. */
export interface RolloutEvent {
  type?: string;
  reason?: string;
  message?: string;
  involvedObject: { name?: string };
  lastTimestamp?: Date;
  eventTime?: Date;
  metadata: { creationTimestamp?: Date };
}

/**
 * What the cluster complains of about a Deployment's pods since a time: one line for each pod and
 * complaint. The provider tells of pull errors and crashes; failing probes, pods that fit on no node and
 * pods that an admission rule refuses are told by Events alone.
 */
export function complaints(events: RolloutEvent[], deployment: string, since: Date): string[] {
  const lines = events
    .filter(({ type, involvedObject, lastTimestamp, eventTime, metadata }) => {
      const when = lastTimestamp ?? eventTime ?? metadata.creationTimestamp;
      return type === "Warning" && involvedObject.name?.startsWith(`${deployment}-`) && when && when >= since;
    })
    .map(({ involvedObject, reason, message }) => `${involvedObject.name}: ${reason}: ${message?.trim()}`);
  return [...new Set(lines)];
}

/** Milliseconds: a rollout that takes longer gets its complaints shown. */
const patience = 12_000;
const interval = 4_000;

/**
 * During an update, shows on the Deployment's own line what its pods complain of, from `patience` on
 * until the rollout ends. It tells; whether the rollout failed is the provider's to say.
 */
export function tellRolloutReasons(
  deployment: pulumi.Resource & { metadata: pulumi.Output<unknown> },
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
      const { items } = await config
        .makeApiClient(CoreV1Api)
        .listNamespacedEvent({ namespace: where.namespace });
      for (const line of complaints(items, where.name, since)) {
        if (ended || told.has(line)) continue;
        told.add(line);
        await pulumi.log.warn(line, deployment);
      }
      setTimeout(tell, interval).unref();
    };
    const tell = () =>
      void look().catch((error: Error) => pulumi.log.debug(`no events: ${error.message}`, deployment));
    setTimeout(tell, patience).unref();
  });
}
