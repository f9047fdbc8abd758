import { setTimeout as sleep } from "node:timers/promises";

/** What a client saw that asked all along. */
export interface Seen {
  requests: number;
  /** One line for each request that was not answered with 200. */
  failures: string[];
  /** Each answer, in the order of its first appearance. */
  answers: string[];
}

/**
 * Sends one request after the other, each on a connection of its own as new visitors do, until stopped.
 * `pause` is in milliseconds.
 */
export function startLoad(url: string, pause = 10): { stop(): Promise<Seen> } {
  const seen: Seen = { requests: 0, failures: [], answers: [] };
  let running = true;
  const client = (async () => {
    while (running) {
      seen.requests++;
      try {
        const response = await fetch(url, {
          headers: { connection: "close" },
          signal: AbortSignal.timeout(5000),
        });
        const body = (await response.text()).trim();
        if (response.status !== 200) seen.failures.push(`status ${response.status}: ${body}`);
        else if (!seen.answers.includes(body)) seen.answers.push(body);
      } catch (error) {
        const { message, cause } = error as Error;
        seen.failures.push(`${message} ${cause instanceof Error ? cause.message : ""}`);
      }
      await sleep(pause);
    }
  })();
  return {
    async stop() {
      running = false;
      await client;
      return seen;
    },
  };
}
