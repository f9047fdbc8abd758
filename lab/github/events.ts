import { EventEmitter } from "node:events";
import type { Repository } from "./state.ts";

/** Something that happened on GitHub and may start workflows. */
export interface GitHubEvent {
  /** `push`, `release`, `pull_request`, `workflow_dispatch`, `repository_dispatch`, ... */
  name: string;
  /** Of events that have kinds: `published`, `opened`, ... */
  action?: string;
  repository: Repository;
  /** Full ref that it happened to: `refs/heads/main`, `refs/tags/v1`, `refs/pull/3/merge`. */
  ref: string;
  /** The commit there afterwards; 40 zeros for a ref that is gone. */
  sha: string;
  /** Login of who did it. */
  actor: string;
  /** Whether a workflow's GITHUB_TOKEN did it: then it starts no workflow, but for the two dispatches. */
  byWorkflow: boolean;
  /** What a workflow sees in `github.event`, without `repository` and `sender`. */
  payload: Record<string, unknown>;
}

/** Where events are told. */
export class Events extends EventEmitter<{ event: [GitHubEvent] }> {
  tell(event: GitHubEvent): void {
    this.emit("event", event);
  }
}
