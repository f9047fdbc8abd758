import type { z } from "zod";
import { githubUrl } from "../addresses.ts";
import { controlCalls } from "../controlCalls.ts";
import type { faultSchema } from "./faults.ts";
import type { RateLimit } from "./rateLimit.ts";
import type { RecordedCall } from "./record.ts";
import type { Repository, Token, User } from "./state.ts";

/** What the emulator holds, in short. */
export interface EmulatorStatus {
  /** As `owner/name`. */
  repositories: string[];
  runs: number;
  /** Runs that wait or run. */
  running: number;
  /** Calls on record. */
  calls: number;
  /** Faults still to come. */
  faults: number;
}

/** A fault to come; see `faultSchema` for each field. */
export type FaultRequest = z.input<typeof faultSchema>;

/**
 * Controls a running emulator: for tests and `lab status`. `url` is its base URL, default the lab's own.
 * Each function fails with the emulator's message if it refuses, or if nothing listens there.
 */
export function control(url: string = githubUrl) {
  const call = controlCalls(url);
  return {
    status: () => call<EmulatorStatus>("GET", "/status"),
    /** Makes a user or an organization, unless it is there. */
    addUser: (user: Pick<User, "login"> & Partial<User>) => call<User>("POST", "/users", user),
    /** Makes a token known, and its user. */
    addToken: (token: Token) => call<Token>("POST", "/tokens", token),
    revokeToken: (token: string) => call<void>("POST", "/tokens/revoke", { token }),
    /** Makes an empty repository, and its owner; default: public. */
    addRepository: (repository: { owner: string; name: string; private?: boolean }) =>
      call<Repository>("POST", "/repositories", repository),
    /** Forgets repositories and all that is in them, calls and faults. Users and tokens stay. */
    reset: () => call<void>("POST", "/reset"),
    /** Every call of the API since the last reset, oldest first. */
    calls: async () => (await call<{ calls: RecordedCall[] }>("GET", "/calls")).calls,
    resetCalls: () => call<void>("DELETE", "/calls"),
    /** Makes the next calls of the API slow or fail. */
    fail: (fault: FaultRequest) => call<void>("POST", "/faults", fault),
    clearFaults: () => call<void>("DELETE", "/faults"),
    setRateLimit: (limit: Partial<RateLimit>) => call<RateLimit>("PUT", "/rate-limit", limit),
  };
}
