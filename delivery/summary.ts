import { appendFile } from "node:fs/promises";
import type { Job } from "./job.ts";

/** Largest summary of one step (https://docs.github.com/actions, "Adding a job summary"): 1 MiB; less a margin. */
const largest = 1024 * 1024 - 1024;

/** Appends markdown to the job's summary, where there is one. Too much of it is cut, and says so. */
export async function addToSummary({ summaryFile }: Job, markdown: string): Promise<void> {
  if (!summaryFile) return;
  const bytes = Buffer.from(markdown);
  const text =
    bytes.length <= largest
      ? markdown
      : `${bytes
          .subarray(0, largest)
          .toString("utf8")
          .replace(/\uFFFD+$/, "")}\n\nCut here: GitHub takes 1 MiB.`;
  await appendFile(summaryFile, `${text}\n`);
}
