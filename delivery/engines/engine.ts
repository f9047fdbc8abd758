import { asLog, type Progress } from "../annotations.ts";
import type { Job } from "../job.ts";
import type { Mask } from "../masking.ts";
import type { Plan } from "../plan.ts";

/** What an engine works on. */
export interface Place {
  job: Job;
  /** Name of the environment. */
  environment: string;
  /** Its stack: name, or organization/name. */
  stack: string;
  mask: Mask;
  told: Progress;
}

/** Writes another program's lines to the job's log: without secrets, and none of them a workflow command. */
export const inLog =
  ({ job, mask }: Place) =>
  (line: string): void =>
    job.log(asLog(mask(line)));

/** What makes an environment what the branch says. */
export interface Engine {
  /** What `apply` would do now; changes nothing. Fails with `EngineFailure`. */
  plan(place: Place): Promise<Plan>;
  /** Does it, its output in the log, and waits until it is rolled out. Fails with `EngineFailure`. */
  apply(place: Place): Promise<void>;
  /** Sees that the digest that should run runs, and answers. Fails with `EngineFailure`. */
  verify(place: Place): Promise<void>;
}
