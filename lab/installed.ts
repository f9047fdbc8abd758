import { readFileSync } from "node:fs";
import path from "node:path";
import { checkout } from "./paths.ts";

/** The version at which an npm package is installed in the checkout. Fails if it isn't. */
export function installedVersion(name: string): string {
  const file = path.join(checkout, "node_modules", name, "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
