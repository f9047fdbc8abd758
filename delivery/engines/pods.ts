import type { Mask } from "../masking.ts";

/** What the API server says of a container that does not run. */
interface ContainerState {
  waiting?: { reason?: string; message?: string };
  terminated?: { reason?: string; message?: string; exitCode: number };
}

/** A pod, as far as it is read here. */
export interface Pod {
  metadata: { name: string; deletionTimestamp?: string };
  status: {
    phase?: string;
    reason?: string;
    message?: string;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
    containerStatuses?: {
      name: string;
      imageID: string;
      restartCount: number;
      state?: ContainerState;
      lastState?: ContainerState;
    }[];
  };
}

const condition = (pod: Pod, type: string) => pod.status.conditions?.find((one) => one.type === type);

/** Whether a pod gets traffic. */
export const isReady = (pod: Pod): boolean =>
  !pod.metadata.deletionTimestamp && condition(pod, "Ready")?.status === "True";

/** An event of the cluster's, as far as it is read here. */
export interface Warning {
  involvedObject: { name: string };
  reason?: string;
  message?: string;
}

/**
 * Why pods are not ready, in the cluster's own words: one line for each, with the app's last words and the
 * last warning of it (a probe that fails shows nowhere else).
 */
export function reasonsOf(pods: Pod[], warnings: Warning[], mask: Mask): string {
  return pods
    .filter((pod) => !isReady(pod) && !pod.metadata.deletionTimestamp)
    .map((pod) => {
      const scheduled = condition(pod, "PodScheduled");
      const containers = (pod.status.containerStatuses ?? []).flatMap(
        ({ name, restartCount, state, lastState }) => {
          const stopped = state?.terminated ?? lastState?.terminated;
          return [
            state?.waiting?.reason &&
              `${name} is waiting: ${state.waiting.reason}${state.waiting.message ? `, ${state.waiting.message}` : ""}`,
            stopped &&
              `it ended with exit code ${stopped.exitCode} (${stopped.reason ?? "no reason"}), ${restartCount} restarts${stopped.message ? `; its last words: ${stopped.message.trim()}` : ""}`,
          ].filter(Boolean);
        },
      );
      const said = [
        scheduled?.status === "False" && `not scheduled: ${scheduled.message ?? scheduled.reason}`,
        pod.status.message,
        ...containers,
        warnings.findLast(({ involvedObject }) => involvedObject.name === pod.metadata.name)?.message?.trim(),
      ].filter(Boolean);
      return mask(
        `pod ${pod.metadata.name}: ${said.length > 0 ? said.join("; ") : "runs, but is not ready"}`,
      );
    })
    .join("\n");
}
