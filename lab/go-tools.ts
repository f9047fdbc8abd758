import { execa, ExecaError } from "execa";
import { cpSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { cached, keyOf, type Report } from "./cache.ts";
import { installedVersion } from "./installed.ts";
import { checkout } from "./paths.ts";

/** A Go module of `lab/tools/`, and what is built from it. */
interface GoTool {
  /** Packages to build; each gives a program named by the last part of its path. */
  packages: string[];
  /** Programs that are another one under its own name (argv[0]): link to target. */
  links?: Record<string, string>;
  /** Version strings that the linker sets: variable to value. */
  variables: (goMod: string) => Record<string, string>;
  /** Whatever else the build folder must hold. */
  prepare?: (dir: string) => Promise<void>;
}

const kubernetesParts = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "kube-proxy",
];
const kubernetesProvider = "github.com/pulumi/pulumi-kubernetes/provider/v4";
/** Modules that the checksum database has no entry for; go.sum pins them all the same. */
const unlisted = [kubernetesProvider, "github.com/bored-engineer/*"];

const goTools = {
  kubernetes: {
    packages: [".", "./pause", "k8s.io/kubernetes/cmd/kubectl", "sigs.k8s.io/kustomize/kustomize/v5"],
    links: Object.fromEntries(kubernetesParts.map((part) => [part, "kubernetes"])),
    variables: (goMod) => ({
      "k8s.io/component-base/version.gitVersion": requiredVersion(goMod, "k8s.io/kubernetes"),
      "sigs.k8s.io/kustomize/api/provenance.version": requiredVersion(
        goMod,
        "sigs.k8s.io/kustomize/kustomize/v5",
      ),
    }),
  },
  "pulumi-resource-kubernetes": {
    packages: ["."],
    variables: () => ({
      [`${kubernetesProvider}/pkg/version.Version`]: installedVersion("@pulumi/kubernetes"),
    }),
    prepare: copyProviderSchema,
  },
  "pulumi-resource-github": {
    packages: ["."],
    variables: () => ({ "main.version": installedVersion("@pulumi/github") }),
  },
  actions: {
    packages: ["github.com/nektos/act", "github.com/rhysd/actionlint/cmd/actionlint"],
    variables: (goMod) => ({
      "main.version": requiredVersion(goMod, "github.com/nektos/act"),
      "github.com/rhysd/actionlint.version": requiredVersion(goMod, "github.com/rhysd/actionlint"),
    }),
  },
  pulumi: {
    packages: ["github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"],
    variables: (goMod) => ({
      "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": requiredVersion(
        goMod,
        "github.com/pulumi/pulumi/pkg/v3",
      ),
    }),
  },
} satisfies Record<string, GoTool>;

/** The Go modules that the lab builds, each a folder of `lab/tools/`. */
export type GoToolName = keyof typeof goTools;

/** The version at which a go.mod file requires a module. Fails if it doesn't. */
export function requiredVersion(goMod: string, module: string): string {
  const escaped = module.replaceAll(".", "\\.");
  const version = new RegExp(`^(?:require)?\\s+${escaped} (v\\S+)`, "m").exec(goMod)?.[1];
  if (!version) throw new Error(`go.mod requires no ${module}`);
  return version;
}

/** The version in a go.mod file's `go` line. */
export function goDirective(goMod: string): string {
  return /^go (\S+)/m.exec(goMod)?.[1] ?? "1.0";
}

const moduleFolder = (name: GoToolName) => path.join(checkout, "lab", "tools", name);

// Without debug information (which the linker would drop), compiling takes an eighth less CPU time.
const buildFlags = ["-trimpath", "-buildvcs=false", "-gcflags=all=-dwarf=false"];

const goEnv = (): NodeJS.ProcessEnv => ({
  CGO_ENABLED: "0",
  GOFLAGS: "",
  GOWORK: "off",
  GONOSUMDB: [process.env.GONOSUMDB, ...unlisted].filter(Boolean).join(","),
  // The compiler collects its garbage less often: an eighth less CPU time for the whole build.
  GOGC: "200",
});

let goVersionOnce: Promise<string> | undefined;

/** The version of Go that builds the tools. Fails, with what to do, if there is none or it is too old. */
function goVersion(): Promise<string> {
  const folder = moduleFolder("kubernetes");
  const wanted = goDirective(readFileSync(path.join(folder, "go.mod"), "utf8"));
  goVersionOnce ??= execa("go", ["env", "GOVERSION"], { cwd: folder, env: goEnv() })
    .then((result) => result.stdout)
    .catch((error: unknown) => {
      throw new Error(goProblem(error, wanted));
    });
  return goVersionOnce;
}

function goProblem(error: unknown, wanted: string): string {
  const fix = `install Go ${wanted} or newer (go.dev/doc/install) and put it on PATH`;
  if (!(error instanceof ExecaError) || error.code === "ENOENT")
    return `the lab builds its tools with Go, and there is no "go" on PATH: ${fix}`;
  return `the lab builds its tools with Go, and the one on PATH won't do: ${error.stderr || error.shortMessage}\n${fix}`;
}

/** The provider's own schema and mapping, from its module: what its `main` package embeds as well. */
async function copyProviderSchema(dir: string): Promise<void> {
  const options = { cwd: dir, env: goEnv() };
  await execa("go", ["mod", "download", kubernetesProvider], options);
  const { stdout } = await execa("go", ["list", "-m", "-f", "{{.Dir}}", kubernetesProvider], options);
  const source = path.join(stdout, "cmd", "pulumi-resource-kubernetes");
  const schema = JSON.parse(readFileSync(path.join(source, "schema.json"), "utf8")) as object;
  const version = installedVersion("@pulumi/kubernetes");
  writeFileSync(path.join(dir, "schema.json"), JSON.stringify({ ...schema, version }));
  cpSync(path.join(source, "terraform-mapping.json"), path.join(dir, "terraform-mapping.json"));
}

/** All files of a folder, by their path in it, sorted. */
function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort();
}

// A log gets a line now and then, a terminal a clock.
const reportMs = process.stdout.isTTY ? 1000 : 15_000;

/** Runs `go build` in `dir`, telling of its progress every second. Fails with the compiler's own words. */
async function goBuild(name: string, dir: string, args: string[], report: Report): Promise<void> {
  const started = Date.now();
  const messages: string[] = [];
  const done = { downloading: 0, compiling: 0 };
  const tick = setInterval(() => {
    const seconds = Math.round((Date.now() - started) / 1000);
    const step = done.compiling
      ? `compiled ${done.compiling} packages`
      : done.downloading
        ? `downloaded ${done.downloading} Go modules`
        : "reading Go packages";
    report(`${name}: ${step}, ${seconds} s`);
  }, reportMs);
  try {
    const build = execa("go", ["build", "-v", ...args], {
      cwd: dir,
      env: goEnv(),
      buffer: false,
      stdin: "ignore",
    });
    for await (const line of build.iterable({ from: "stderr" })) {
      if (line.startsWith("go: downloading ")) done.downloading++;
      else if (/^[\w./-]+$/.test(line)) done.compiling++;
      else messages.push(line);
    }
    await build;
  } catch (error) {
    const reason = messages.slice(-15).join("\n") || (error as Error).message;
    throw new Error(`can't build ${name} from lab/tools/${name}: ${reason}`);
  } finally {
    clearInterval(tick);
  }
}

/**
 * Builds a tool from its Go module, unless the cache has it, and gives its folder, which holds one
 * executable for each program. Minutes when the Go build cache is empty. Fails if Go is missing or
 * too old, or the build fails.
 */
export async function goTool(name: GoToolName, report: Report): Promise<string> {
  const tool: GoTool = goTools[name];
  const source = moduleFolder(name);
  const goMod = readFileSync(path.join(source, "go.mod"), "utf8");
  const variables = Object.entries(tool.variables(goMod)).map(([key, value]) => `-X ${key}=${value}`);
  const args = [...buildFlags, "-ldflags", ["-s -w", ...variables].join(" ")];
  const sources = filesOf(source).flatMap((file) => [file, readFileSync(path.join(source, file))]);
  const key = keyOf([...sources, await goVersion(), process.arch, ...args, ...tool.packages]);

  const make = async (dir: string) => {
    const work = path.join(dir, "source");
    cpSync(source, work, { recursive: true });
    await tool.prepare?.(work);
    await goBuild(name, work, [...args, "-o", `${dir}/`, ...tool.packages], report);
    rmSync(work, { recursive: true });
    for (const [link, target] of Object.entries(tool.links ?? {})) symlinkSync(target, path.join(dir, link));
  };
  // One Go build at a time: each keeps all cores busy, and the next finds what they share compiled.
  return await cached({ name, key, lock: "go", make }, report);
}
