import type { Run } from "../runs.ts";
import { type Contexts, filledValue } from "./expressions.ts";
import type { JobFile } from "./workflowFile.ts";

/** Something that waits for its turn in a concurrency group. */
export interface Ticket {
  /** Begins. */
  start(): void;
  /** Was taken out of the queue, or must end. */
  cancel(): void;
}

interface Group {
  running: Ticket;
  pending?: Ticket;
}

/**
 * Concurrency groups as GitHub has them: one runs, at most one waits, and a newer one takes the place of
 * the one that waits. With `cancelInProgress` it takes the place of the one that runs, too.
 */
export class Queue {
  private readonly groups = new Map<string, Group>();

  /** Starts now, or waits; gives whether it waits. No group: starts now. */
  enter(group: string | undefined, ticket: Ticket, cancelInProgress: boolean): boolean {
    if (group === undefined) {
      ticket.start();
      return false;
    }
    const there = this.groups.get(group);
    if (!there) {
      this.groups.set(group, { running: ticket });
      ticket.start();
      return false;
    }
    const before = there.pending;
    there.pending = ticket;
    before?.cancel();
    if (cancelInProgress) there.running.cancel();
    return true;
  }

  /** Ended, or was taken back: the next one's turn. */
  leave(group: string | undefined, ticket: Ticket): void {
    if (group === undefined) return;
    const there = this.groups.get(group);
    if (!there) return;
    if (there.pending === ticket) there.pending = undefined;
    if (there.running !== ticket) return;
    const next = there.pending;
    if (!next) {
      this.groups.delete(group);
      return;
    }
    this.groups.set(group, { running: next });
    next.start();
  }
}

/**
 * The group that a workflow or job says that it is in, and whether whoever runs in it has to go. GitHub
 * tells no upper from lower case in its name.
 */
export function concurrencyOf(
  { repository }: Pick<Run, "repository">,
  said: JobFile["concurrency"],
  contexts: Contexts,
): { group?: string; cancel: boolean } {
  if (said === undefined) return { cancel: false };
  const { group, "cancel-in-progress": cancel = false } = typeof said === "string" ? { group: said } : said;
  return {
    group: `${repository}:${filledValue(group, contexts).toLowerCase()}`,
    cancel: filledValue(cancel, contexts) === "true",
  };
}
