import { readFileSync } from "node:fs";
import type { Preview } from "../../../delivery/engines/pulumi.ts";

/** What `pulumi preview --json` printed for a small program, without times and places. */
export const recorded = (name: string) =>
  JSON.parse(readFileSync(new URL(`recorded/${name}.json`, import.meta.url), "utf8")) as Preview;
