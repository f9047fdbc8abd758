import type { Job, Run } from "../runs.ts";
import type { Context } from "../server.ts";
import type { Repository } from "../state.ts";

/** A deployment that GitHub makes for a job with an environment. */
export interface JobDeployment {
  id: number;
  tell(state: "in_progress" | "success" | "failure"): void;
}

/** Makes the deployment of a job. */
export function deploymentFor(
  _context: Context,
  _repository: Repository,
  _for: { run: Run; job: Job; environment: string; commit: string },
): JobDeployment | undefined {
  return undefined;
}
