import type { z } from "zod";
import { digitaloceanUrl } from "../addresses.ts";
import { controlCalls } from "../controlCalls.ts";
import type { faultSchema } from "./faults.ts";
import type { RateLimit } from "./rateLimit.ts";
import type { RecordedCall } from "./record.ts";
import type { Cluster } from "./state.ts";

/** What the emulator holds, in short. */
export interface EmulatorStatus {
  clusters: Pick<Cluster, "id" | "name" | "version" | "status">[];
  /** Cluster tokens that are still good. */
  clusterTokens: number;
  /** Calls on record. */
  calls: number;
  /** Faults still to come. */
  faults: number;
  /** The emulator's clock. */
  now: string;
}

/** A fault to come; see `faultSchema` for each field. */
export type FaultRequest = z.input<typeof faultSchema>;

/**
 * Controls a running emulator: for tests and `lab status`. `url` is its base URL, default the lab's own.
 * Each function fails with the emulator's message if it refuses, or if nothing listens there.
 */
export function control(url: string = digitaloceanUrl) {
  const call = controlCalls(url);
  return {
    status: () => call<EmulatorStatus>("GET", "/status"),
    /** Every call below `/v2` since the last reset, oldest first. */
    calls: async () => (await call<{ calls: RecordedCall[] }>("GET", "/calls")).calls,
    resetCalls: () => call<void>("DELETE", "/calls"),
    /** Makes the next calls slow or fail. */
    fail: (fault: FaultRequest) => call<void>("POST", "/faults", fault),
    clearFaults: () => call<void>("DELETE", "/faults"),
    /**
     * Moves the emulator's clock, so that tokens come to their end; returns the new time. A cluster
     * refuses an ended token some 10 s later: kube-apiserver keeps what it was told for that long.
     */
    forward: async (seconds: number) =>
      (await call<{ now: string }>("POST", "/clock", { forwardSeconds: seconds })).now,
    /** Ends every cluster token now, as `forward` does; returns how many. */
    expireClusterTokens: async () =>
      (await call<{ expired: number }>("POST", "/cluster-tokens/expire")).expired,
    /** Makes an API token with only these scopes, such as `kubernetes:read`; default: without an end. */
    apiToken: async (scopes: string[], expirySeconds?: number) =>
      (await call<{ token: string }>("POST", "/api-tokens", { scopes, expirySeconds })).token,
    /** Puts other Kubernetes versions on offer; returns them, newest first. */
    offerVersions: async (versions: string[]) =>
      (await call<{ versions: string[] }>("PUT", "/versions", { versions })).versions,
    setRateLimit: (limit: Partial<RateLimit>) => call<RateLimit>("PUT", "/rate-limit", limit),
  };
}
