import path from "node:path";
import { digitaloceanUrl } from "./addresses.ts";
import { digitaloceanToken } from "./credentials.ts";
import { hasOwnEngine, labDockerHost } from "./docker.ts";
import { binDir, cacheDir, checkout, pulumiBackend, pulumiHome, stateDir } from "./paths.ts";

/** Name of the stack that `npm start` brings up. */
export const labStack = "lab";

/** The kubeconfig file of the lab's shell, apart from the user's own. */
export const labKubeconfig = path.join(stateDir, "kubeconfig");

/** `PATH` with the lab's tools and the checkout's in front, each once. */
export function labPath(before: string): string {
  const ours = [binDir, path.join(checkout, "node_modules", ".bin")];
  return [...ours, ...before.split(path.delimiter).filter((folder) => !ours.includes(folder))].join(
    path.delimiter,
  );
}

/** What makes plain `pulumi`, `kubectl` and `docker` talk to the lab. */
export function labEnvironment(): Record<string, string> {
  return {
    PATH: labPath(process.env.PATH ?? ""),
    PULUMI_HOME: pulumiHome,
    PULUMI_BACKEND_URL: `file://${pulumiBackend}`,
    PULUMI_CONFIG_PASSPHRASE: "slipway-lab",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_STACK: labStack,
    DIGITALOCEAN_TOKEN: digitaloceanToken,
    DIGITALOCEAN_API_URL: digitaloceanUrl,
    KUBECONFIG: labKubeconfig,
    SLIPWAY_PROGRAM_COMPILE_CACHE: path.join(cacheDir, "compiled"),
    ...(hasOwnEngine() ? { DOCKER_HOST: labDockerHost } : {}),
  };
}

const quoted = (value: string) => `'${value.replaceAll("'", `'\\''`)}'`;

/** The environment as a POSIX shell reads it. */
export const asShell = (environment: Record<string, string>) =>
  Object.entries(environment)
    .map(([name, value]) => `export ${name}=${quoted(value)}\n`)
    .join("");
