import { build, type OutputFile } from "esbuild";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, writeFileSync } from "node:fs";
import path from "node:path";
import { cached, keyOf, type Report } from "./cache.ts";
import { checkout } from "./paths.ts";

/** The engine's plugins that the lab has in TypeScript: main file of each, below `lab/plugins/`. */
export const bundles = {
  "pulumi-language-nodejs": "language-nodejs/main.ts",
  "pulumi-resource-digitalocean": "digitalocean/main.ts",
  "pulumi-resource-docker": "docker/main.ts",
};

/** Name of such a plugin's executable. */
export type BundleName = keyof typeof bundles;

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/**
 * The executable for a bundle `main.cjs` in its own folder: that Node, with compiled code kept between
 * starts, for plugins start at every command.
 */
export function launcher(node: string): string {
  return `#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
export NODE_COMPILE_CACHE="$here/compiled" NODE_COMPILE_CACHE_PORTABLE=1
exec ${quoted(node)} "$here/main.cjs" "$@"
`;
}

/**
 * Runs a bundle until it prints its port, then has Node write down the code it compiled for that: a
 * plugin is ended by a signal, which would skip it.
 */
async function warmUp(bundle: string): Promise<void> {
  const script = `
    const { enableCompileCache, flushCompileCache } = require("node:module");
    enableCompileCache({ directory: ${JSON.stringify(path.join(path.dirname(bundle), "compiled"))}, portable: true });
    process.argv.splice(1, 0, ${JSON.stringify(bundle)});
    process.stdin.once("data", () => { flushCompileCache(); process.exit(0); });
    require(${JSON.stringify(bundle)});`;
  const child = spawn(process.execPath, ["-e", script, "127.0.0.1:1"], { stdio: ["pipe", "pipe", "ignore"] });
  const ended = once(child, "exit");
  const timeout = setTimeout(() => child.kill("SIGKILL"), 5000);
  child.stdout.once("data", () => child.stdin.end("\n"));
  await ended;
  clearTimeout(timeout);
}

/**
 * A plugin and its libraries in one CommonJS file, as text. Not minified: of plain code, Node keeps more
 * compiled functions, and starts some 15 ms sooner.
 */
async function bundled(name: BundleName): Promise<string> {
  const result = await build({
    entryPoints: [path.join(checkout, "lab", "plugins", bundles[name])],
    bundle: true,
    write: false,
    platform: "node",
    format: "cjs",
    target: `node${process.versions.node}`,
    legalComments: "none",
    logLevel: "silent",
    define: { "import.meta.dirname": "__dirname", "import.meta.filename": "__filename" },
  }).catch((error: Error) => {
    throw new Error(`can't bundle ${name} from lab/plugins/${bundles[name]}: ${error.message}`);
  });
  return (result.outputFiles[0] as OutputFile).text;
}

/**
 * Bundles a plugin and its libraries into one file, and gives the folder in the cache that holds the
 * executable `name`. It runs by the Node that runs this. Bundling takes a tenth of a second, so it is
 * done each time: the folder is named by what comes out. Fails if the sources don't bundle.
 */
export async function bundle(name: BundleName, report: Report): Promise<string> {
  const text = await bundled(name);
  const key = keyOf([text, process.execPath, process.version]);
  const make = async (dir: string) => {
    report(`${name}: first start`);
    const main = path.join(dir, "main.cjs");
    writeFileSync(main, text);
    writeFileSync(path.join(dir, name), launcher(process.execPath));
    chmodSync(path.join(dir, name), 0o755);
    await warmUp(main);
  };
  return await cached({ name, key, make }, report);
}
