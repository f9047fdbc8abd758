import path from "node:path";
import { digitaloceanUrl } from "./addresses.ts";
import { digitaloceanToken } from "./credentials.ts";
import { hasOwnEngine, labDockerHost } from "./docker.ts";
import { binDir, cacheDir, checkout, pulumiBackend, pulumiHome, stateDir } from "./paths.ts";

/** Name of the stack that `npm start` brings up. */
export const labStack = "lab";

/** The kubeconfig file of the lab's shell, apart from the user's own. */
export const labKubeconfig = path.join(stateDir, "kubeconfig");

/** Folders of programs: the lab's own tools, then the checkout's. */
const programFolders = [binDir, path.join(checkout, "node_modules", ".bin")];

/** `PATH` with these folders in front, each once. */
export const pathWith = (folders: string[], before: string): string =>
  [...folders, ...before.split(path.delimiter).filter((folder) => !folders.includes(folder))].join(
    path.delimiter,
  );

/** What makes plain `pulumi`, `kubectl` and `docker` talk to the lab, but for PATH. */
export function labVariables(): Record<string, string> {
  return {
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

/** `PATH` with the lab's own tools and the checkout's programs in front. */
export const labPath = (): string => pathWith(programFolders, process.env.PATH ?? "");

/** The same with PATH, for programs that are started from here. */
export const labEnvironment = (): Record<string, string> => ({
  PATH: labPath(),
  ...labVariables(),
});

const quoted = (value: string) => `'${value.replaceAll("'", `'\\''`)}'`;

/**
 * Lines that a POSIX shell evaluates to have these variables, and these folders in front of the PATH that
 * it has itself: that of this process is npm's. Evaluated again, they change nothing.
 */
export function asShell(variables: Record<string, string>, folders = programFolders): string {
  const ours = folders.map(quoted).join(":");
  return [
    `case "$PATH" in ${ours}:*) ;; *) export PATH=${ours}:"$PATH" ;; esac`,
    ...Object.entries(variables).map(([name, value]) => `export ${name}=${quoted(value)}`),
    "",
  ].join("\n");
}
