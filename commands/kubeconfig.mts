/**
 * Merges the stack's kubeconfig into the user's file, so that `kubectl cluster-info` works.
 *
 *     npm run kubeconfig -- [--stack NAME] [--file FILE] [--current]
 */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import writeFileAtomic from "write-file-atomic";
import { parse } from "yaml";
import { mergeKubeconfig, portable } from "./mergeKubeconfig.mts";
import { runCommand, stackOutputs } from "./stackOutputs.mts";

/** The file that kubectl would write to: the first of KUBECONFIG, else `~/.kube/config`. */
const defaultFile = () =>
  process.env.KUBECONFIG?.split(path.delimiter).find((name) => name !== "") ??
  path.join(homedir(), ".kube", "config");

await runCommand("kubeconfig", async () => {
  const { values } = parseArgs({
    options: {
      stack: { type: "string" },
      file: { type: "string" },
      current: { type: "boolean", default: false },
    },
  });
  const named = path.resolve(values.file ?? defaultFile());
  const file = existsSync(named) ? realpathSync(named) : named; // a link stays a link
  const addition = portable(
    (await stackOutputs(values.stack)).kubeconfig,
    path.resolve(import.meta.dirname, ".."),
  );
  const before = existsSync(file) ? readFileSync(file, "utf8") : "";
  let after: string;
  try {
    after = mergeKubeconfig(before, addition, values.current);
  } catch (error) {
    throw new Error(`${file} is left as it is: ${(error as Error).message}; name another file with --file`);
  }
  await mkdir(path.dirname(file), { recursive: true });
  await writeFileAtomic(file, after, { mode: 0o600 });
  const context = String(addition["current-context"]);
  const isCurrent = (parse(after) as Record<string, unknown>)["current-context"] === context;
  console.log(`${file}: context ${context} ${before ? "merged in" : "written"}`);
  console.log(
    isCurrent
      ? "It is the current context: kubectl cluster-info"
      : `The current context is as before: kubectl --context ${context} cluster-info; --current makes it the current one`,
  );
});
