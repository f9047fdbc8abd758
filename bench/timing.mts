/** One measurement: what, how long in milliseconds each time. */
export interface Timing {
  what: string;
  ms: number[];
}

/** The middle of the values, which one slow run on a noisy machine does not move. */
export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/**
 * Runs each of the works in turn, `rounds` times, so that all of them meet the same machine. `prepare`
 * runs before each, untimed.
 */
export async function alternate(
  rounds: number,
  works: Record<
    string,
    { prepare?: (round: number) => Promise<unknown>; run: (round: number) => Promise<unknown> }
  >,
): Promise<Record<string, Timing>> {
  const timings: Record<string, Timing> = Object.fromEntries(
    Object.keys(works).map((what) => [what, { what, ms: [] }]),
  );
  for (let round = 0; round < rounds; round++)
    for (const [what, { prepare, run }] of Object.entries(works)) {
      await prepare?.(round);
      timings[what]?.ms.push(await timed(() => run(round)));
    }
  return timings;
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;

/** A timing as a line: the median, and every value. */
export const line = ({ what, ms }: Timing) =>
  `  ${what.padEnd(52)} ${seconds(median(ms))}   (${ms.map(seconds).join(", ")})`;
