import { execa } from "execa";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { privateRegistryAddress, registryAddress } from "./addresses.ts";
import { cached, keyOf, type Report } from "./cache.ts";
import { hasOwnEngine } from "./docker.ts";
import { checkout } from "./paths.ts";
import { userEngineAnswers } from "./userEngine.ts";

/** An image that Dockerfiles here begin with, and that the lab makes where it can't be pulled. */
interface BaseImage {
  /** As `FROM` names it. */
  name: string;
  /** What it is made from, for the cache's key. */
  madeFrom: () => Promise<string>;
  /** Puts its files into a folder that already has a shell, and gives the image's settings. */
  fill: (root: string) => Promise<string[]>;
  /** A command that warms what later builds repeat. */
  warm?: string;
}

type Docker = (...args: string[]) => PromiseLike<{ failed: boolean; stdout: string }>;

/** Says of a made image what it is. */
const label = "slipway.lab";
const standIn = "stand-in for the image of this name, made on this machine";

/** The static busybox, which gives a made image its shell and the usual small commands. */
const busybox = "/bin/busybox";

const golang: BaseImage = {
  name: "golang:1.26-alpine",
  madeFrom: async () => (await execa("go", ["version"])).stdout,
  async fill(root) {
    const goRoot = realpathSync((await execa("go", ["env", "GOROOT"])).stdout);
    // Go's tools are there as programs; their sources, and the rest, no build reads.
    const unneeded = new Set(["test", "api", "doc", "misc", "src/cmd"]);
    cpSync(goRoot, path.join(root, "usr/local/go"), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) =>
        !source.endsWith("_test.go") &&
        path.basename(source) !== "testdata" &&
        !unneeded.has(path.relative(goRoot, source)),
    });
    return ["ENV PATH=/usr/local/go/bin:/bin GOPATH=/go GOTOOLCHAIN=local", "WORKDIR /go"];
  },
  // Compiling the standard library takes most of a small server's first build.
  warm: "CGO_ENABLED=0 GOPROXY=off go build -trimpath -buildvcs=false net/http log/slog encoding/json html/template",
};

const node: BaseImage = {
  name: "node:24-slim",
  madeFrom: async () => process.version,
  async fill(root) {
    mkdirSync(path.join(root, "usr/local/bin"), { recursive: true });
    copyFileSync(process.execPath, path.join(root, "usr/local/bin/node"));
    const libraries = (await execa("ldd", [process.execPath])).stdout.match(/\/\S+/g) ?? [];
    for (const library of libraries) {
      mkdirSync(path.join(root, path.dirname(library)), { recursive: true });
      copyFileSync(library, path.join(root, library));
    }
    return ["ENV PATH=/usr/local/bin:/bin"];
  },
};

/** The base images of the sample app and of the tests' app. */
export const baseImages = [golang, node];

/** A root file system with a shell, and no more. */
async function fillShell(root: string): Promise<void> {
  if (!existsSync(busybox)) throw new Error(`${busybox} is missing; install Debian's busybox-static`);
  for (const folder of ["bin", "etc", "root", "tmp"]) mkdirSync(path.join(root, folder), { recursive: true });
  chmodSync(path.join(root, "tmp"), 0o1777);
  copyFileSync(busybox, path.join(root, "bin/busybox"));
  const applets = (await execa(busybox, ["--list"])).stdout.split("\n");
  for (const applet of applets)
    if (applet !== "busybox") symlinkSync("busybox", path.join(root, "bin", applet));
  writeFileSync(path.join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
}

/** Makes the image in the engine. */
async function make(image: BaseImage, docker: Docker, report: Report): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), "slipway-base-"));
  try {
    const root = path.join(folder, "root");
    mkdirSync(root);
    report(`${image.name}: no registry has it here, making a stand-in`);
    await fillShell(root);
    const settings = await image.fill(root);
    const dockerfile = [
      "FROM scratch",
      "COPY root /",
      ...settings,
      `LABEL ${label}="${standIn}"`,
      ...(image.warm ? [`RUN ${image.warm}`] : []),
    ];
    writeFileSync(path.join(folder, "Dockerfile"), `${dockerfile.join("\n")}\n`);
    if (image.warm) report(`${image.name}: compiling its standard library once`);
    await docker("build", "--quiet", "--tag", image.name, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** How long a registry may take to say anything, in milliseconds. */
const registryPatience = 10_000;

/** Pulls an image; false if its registry can't be reached, or says nothing for too long. */
async function pull(name: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const docker = execa("docker", ["pull", name], { env, reject: false });
  const silence = setTimeout(() => docker.kill(), registryPatience);
  // Its first line says that the registry answered; what comes then takes the time it takes.
  docker.stdout.once("data", () => clearTimeout(silence));
  const { failed } = await docker;
  clearTimeout(silence);
  return !failed;
}

const labelFormat = `{{index .Config.Labels "${label}"}}`;

/**
 * Sees to it that the engine has each base image: it has it, or can pull it, or gets one that is made
 * from this machine's own Go and Node. `dockerHost` names the engine; default: the user's. Gives the
 * names of those that are made here.
 */
export async function ensureBaseImages(report: Report, dockerHost?: string): Promise<string[]> {
  const env = { ...(dockerHost ? { DOCKER_HOST: dockerHost } : {}), DOCKER_BUILDKIT: "0" };
  const tried: Docker = (...args) => execa("docker", args, { env, reject: false, timeout: 300_000 });
  const docker: Docker = (...args) => execa("docker", args, { env });
  const script = readFileSync(path.join(checkout, "lab/baseImages.ts"));
  const inspect = (name: string) => tried("image", "inspect", "--format", labelFormat, name);

  const ensure = async (image: BaseImage): Promise<string[]> => {
    const found = await inspect(image.name);
    if (!found.failed) return found.stdout.includes(standIn) ? [image.name] : [];
    const key = keyOf([script, await image.madeFrom()]);
    const name = `image-${image.name.replace(/[^a-z0-9.]/g, "-")}`;
    let fresh = false;
    const folder = await cached(
      {
        name,
        key,
        make: async (dir) => {
          report(`${image.name}: asking its registry`);
          if (!(await pull(image.name, env))) await make(image, docker, report);
          report(`${image.name}: saving it to the cache`);
          await docker("save", "--output", path.join(dir, "image.tar"), image.name);
          fresh = true;
        },
      },
      report,
    );
    if (!fresh) {
      report(`${image.name}: loading it from the cache`);
      await docker("load", "--quiet", "--input", path.join(folder, "image.tar"));
    }
    return (await inspect(image.name)).stdout.includes(standIn) ? [image.name] : [];
  };
  return (await Promise.all(baseImages.map(ensure))).flat();
}

/**
 * Removes from the user's own engine what the lab put there: stand-ins, which would be taken for the real
 * images, and the app's images, whose registry is gone with the lab. Does nothing where no engine answers.
 */
export async function removeImages(): Promise<void> {
  if (hasOwnEngine() || !(await userEngineAnswers())) return;
  const list = async (...filters: string[]) => {
    const { stdout } = await execa("docker", ["images", "--format", "{{.Repository}}:{{.Tag}}", ...filters]);
    return stdout.split("\n").filter(Boolean);
  };
  const standIns = (await list("--filter", `label=${label}=${standIn}`)).filter((name) =>
    baseImages.some((image) => image.name === name),
  );
  const addresses = [registryAddress, privateRegistryAddress];
  const pushed = (await list()).filter((name) => addresses.some((address) => name.startsWith(`${address}/`)));
  const images = [...standIns, ...pushed];
  if (images.length > 0) await execa("docker", ["image", "rm", "--force", ...images]);
}
