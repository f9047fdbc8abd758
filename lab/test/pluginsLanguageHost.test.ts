import * as grpc from "@grpc/grpc-js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import services from "@pulumi/pulumi/proto/language_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/language_pb.js";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { installCommand } from "../plugins/language-nodejs/install.ts";
import { languageHost } from "../plugins/language-nodejs/languageHost.ts";

/** Notes how it was run beside itself, and does what the program's folder says. */
const runner = `
const { writeFileSync } = require("node:fs");
writeFileSync("ran.json", JSON.stringify({ argv: process.argv.slice(2), execArgv: process.execArgv, env: process.env }));
require(process.cwd() + "/behave.js");
`;

interface Ran {
  argv: string[];
  execArgv: string[];
  env: Record<string, string>;
}

describe("stand-in language host", () => {
  let folder: string;
  let server: grpc.Server;
  let host: ReturnType<typeof languageHost>;
  let client: InstanceType<typeof services.LanguageRuntimeClient>;

  const write = (file: string, content: string | object) => {
    const target = path.join(folder, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, typeof content === "string" ? content : JSON.stringify(content));
    return target;
  };
  const packageAt = (file: string, manifest: object) => write(`${file}/package.json`, manifest);
  const ran = () => JSON.parse(readFileSync(path.join(folder, "ran.json"), "utf8")) as Ran;
  const info = (options: Record<string, struct.JavaScriptValue> = {}) =>
    new messages.ProgramInfo()
      .setRootDirectory(folder)
      .setProgramDirectory(folder)
      .setEntryPoint(".")
      .setOptions(struct.Struct.fromJavaScript(options));
  const run = async (request: messages.RunRequest) =>
    await new Promise<messages.RunResponse>((resolve, reject) =>
      client.run(request, (error, response) => (error ? reject(error) : resolve(response))),
    );
  const request = (options?: Record<string, struct.JavaScriptValue>) =>
    new messages.RunRequest().setPwd(folder).setInfo(info(options));

  beforeEach(async () => {
    folder = mkdtempSync(path.join(tmpdir(), "slipway-program-"));
    packageAt(".", { name: "program", dependencies: { "@pulumi/pulumi": "*" } });
    packageAt("node_modules/@pulumi/pulumi", { name: "@pulumi/pulumi", version: "3.0.0" });
    write("node_modules/@pulumi/pulumi/cmd/run/index.js", runner);
    write("behave.js", "");
    host = languageHost("127.0.0.1:1");
    server = new grpc.Server();
    server.addService(services.LanguageRuntimeService as never, host.handlers);
    const port = await promisify(server.bindAsync.bind(server))(
      "127.0.0.1:0",
      grpc.ServerCredentials.createInsecure(),
    );
    client = new services.LanguageRuntimeClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
  });

  afterEach(() => {
    host.stop();
    client.close();
    server.forceShutdown();
    rmSync(folder, { recursive: true });
  });

  describe("run", () => {
    it("gives the program's own runner everything it asks for", async () => {
      const wanted = request({
        nodeargs: " --trace-warnings  --no-deprecation ",
        tsconfig: "tsconfig.up.json",
      })
        .setMonitorAddress("127.0.0.1:2")
        .setOrganization("acme")
        .setProject("slipway")
        .setStack("dev")
        .setParallel(4)
        .setDryrun(true)
        .setConfigsecretkeysList(["slipway:secretEnv"]);
      wanted.getConfigMap().set("slipway:imageTag", "v1");
      const response = await run(wanted);
      assert.deepEqual([response.getError(), response.getBail()], ["", false]);
      const { argv, execArgv, env } = ran();
      assert.deepEqual(argv, [
        ...["--monitor", "127.0.0.1:2", "--engine", "127.0.0.1:1", "--organization", "acme"],
        ...["--project", "slipway", "--root-directory", folder, "--stack", "dev", "--pwd", folder],
        ...["--parallel", "4", "--dry-run", "."],
      ]);
      assert.deepEqual(execArgv, ["--trace-warnings", "--no-deprecation"]);
      assert.deepEqual(JSON.parse(env.PULUMI_CONFIG as string), { "slipway:imageTag": "v1" });
      assert.deepEqual(JSON.parse(env.PULUMI_CONFIG_SECRET_KEYS as string), ["slipway:secretEnv"]);
      assert.equal(env.PULUMI_NODEJS_TYPESCRIPT, "true");
      assert.equal(env.PULUMI_NODEJS_TSCONFIG_PATH, "tsconfig.up.json");
    });

    it("takes TypeScript for granted, unless the project says no", async () => {
      await run(request({ typescript: false }));
      assert.equal(ran().env.PULUMI_NODEJS_TYPESCRIPT, "false");
      assert.equal(ran().env.PULUMI_NODEJS_TSCONFIG_PATH, undefined);
    });

    const ends: [string, string, string, boolean][] = [
      ["an error that the user was told of", "process.exit(32)", "", true],
      ["any other failure", "process.exit(3)", "the program ended with exit code 3", false],
      ["a signal", "process.kill(process.pid, 'SIGKILL')", "the program ended by SIGKILL", false],
    ];
    for (const [what, behaviour, error, bail] of ends)
      it(`tells ${what}`, async () => {
        write("behave.js", behaviour);
        const response = await run(request());
        assert.deepEqual([response.getError(), response.getBail()], [error, bail]);
      });

    it("ends the program when the engine cancels", async () => {
      write("behave.js", "setInterval(() => {}, 1000)");
      const running = run(request());
      await sleep(200);
      await new Promise<void>((resolve, reject) =>
        client.cancel(new empty.Empty(), (error) => (error ? reject(error) : resolve())),
      );
      assert.equal((await running).getError(), "the program ended by SIGTERM");
    });

    it("fails where the packages are not installed, and says what to do", async () => {
      rmSync(path.join(folder, "node_modules"), { recursive: true });
      await assert.rejects(run(request()), {
        details: `@pulumi/pulumi is not installed in ${folder}; install its packages: pulumi install`,
      });
    });

    it("fails for a debugger, which it can't attach", async () => {
      await assert.rejects(
        run(request().setAttachDebugger(true)),
        /--attach-debugger is not in this stand-in/,
      );
    });
  });

  describe("packages", () => {
    beforeEach(() => {
      packageAt(".", {
        dependencies: { "@pulumi/docker": "*", shared: "*", missing: "*" },
        devDependencies: { "dev-provider": "*" },
      });
      packageAt("node_modules/@pulumi/docker", {
        name: "@pulumi/docker",
        version: "5.2.0",
        pulumi: { resource: true, name: "docker", version: "5.2.1" },
      });
      packageAt("node_modules/shared", {
        name: "shared",
        version: "1.0.0",
        dependencies: { "@acme/pulumi-thing": "*", shared: "*" },
        devDependencies: { "not-installed-for-us": "*" },
      });
      packageAt("node_modules/shared/node_modules/@acme/pulumi-thing", {
        name: "@acme/pulumi-thing",
        version: "0.1.0",
        pulumi: { resource: true, server: "https://example.com" },
      });
      packageAt("node_modules/not-installed-for-us", { pulumi: { resource: true } });
      packageAt("node_modules/dev-provider", {
        name: "dev-provider",
        version: "2.0.0",
        pulumi: { resource: true },
      });
    });

    it("are the providers of all dependencies, each from where Node finds it", async () => {
      const response = await new Promise<messages.GetRequiredPackagesResponse>((resolve, reject) =>
        client.getRequiredPackages(
          new messages.GetRequiredPackagesRequest().setInfo(info()),
          (error, found) => (error ? reject(error) : resolve(found)),
        ),
      );
      assert.deepEqual(
        response
          .getPackagesList()
          .map((one) => [one.getKind(), one.getName(), one.getVersion(), one.getServer()]),
        [
          ["resource", "docker", "v5.2.1", ""],
          ["resource", "pulumi-thing", "v0.1.0", "https://example.com"],
          ["resource", "dev-provider", "v2.0.0", ""],
        ],
      );
    });

    for (const [transitive, names] of [
      [false, ["@pulumi/docker", "shared", "dev-provider"]],
      [true, ["@pulumi/docker", "shared", "@acme/pulumi-thing", "dev-provider"]],
    ] as const)
      it(`are listed ${transitive ? "all" : "as far as the program names them"}`, async () => {
        const response = await new Promise<messages.GetProgramDependenciesResponse>((resolve, reject) =>
          client.getProgramDependencies(
            new messages.GetProgramDependenciesRequest()
              .setInfo(info())
              .setTransitivedependencies(transitive),
            (error, found) => (error ? reject(error) : resolve(found)),
          ),
        );
        assert.deepEqual(
          response.getDependenciesList().map((one) => one.getName()),
          names,
        );
      });
  });

  describe("install", () => {
    const before = process.env.PATH;
    afterEach(() => void (process.env.PATH = before));

    /** Text that the engine got, and the error if it failed. */
    async function install(packagemanager?: string): Promise<{ text: string; error?: string }> {
      const stream = client.installDependencies(
        new messages.InstallDependenciesRequest().setInfo(info(packagemanager ? { packagemanager } : {})),
      );
      let text = "";
      stream.on("data", (part: messages.InstallDependenciesResponse) => {
        text += Buffer.from(part.getStdout_asU8()).toString() + Buffer.from(part.getStderr_asU8()).toString();
      });
      return await new Promise((resolve) => {
        stream.once("end", () => resolve({ text }));
        stream.once("error", ({ details }: grpc.ServiceError) => resolve({ text, error: details }));
      });
    }
    const fakeManager = (name: string, script: string) => {
      chmodSync(write(`bin/${name}`, `#!/bin/sh\n${script}\n`), 0o755);
      process.env.PATH = path.join(folder, "bin");
    };

    it("runs the project's package manager and shows what it says", async () => {
      fakeManager("pnpm", 'echo "$@"; echo warning >&2');
      write("pnpm-lock.yaml", "");
      const { text, error } = await install("pnpm");
      assert.equal(error, undefined);
      assert.match(text, /install --frozen-lockfile\n/);
      assert.match(text, /warning\n/);
    });

    it("fails as the package manager fails", async () => {
      fakeManager("npm", "echo no such package; exit 7");
      assert.deepEqual(await install(), { text: "no such package\n", error: "npm install ended with 7" });
    });

    it("fails where the package manager is not there, or unknown", async () => {
      process.env.PATH = folder;
      assert.match((await install()).error ?? "", /^can't run npm: .*ENOENT/);
      assert.match((await install("pip")).error ?? "", /one of npm, pnpm, yarn, bun, received "pip"$/);
    });

    it("keeps to the lock file, where there is one", () => {
      assert.deepEqual(installCommand(folder), ["npm", "install"]);
      write("package-lock.json", {});
      assert.deepEqual(installCommand(folder), ["npm", "ci", "--no-audit", "--no-fund"]);
    });
  });

  it("is a stand-in by its version, and knows its Node", async () => {
    const version = await new Promise<string>((resolve, reject) =>
      client.getPluginInfo(new empty.Empty(), (error, found) =>
        error ? reject(error) : resolve(found.getVersion()),
      ),
    );
    assert.match(version, /^\d+\.\d+\.\d+-stand-in$/);
    const about = await new Promise<messages.AboutResponse>((resolve, reject) =>
      client.about(new messages.AboutRequest(), (error, found) => (error ? reject(error) : resolve(found))),
    );
    assert.deepEqual([about.getExecutable(), about.getVersion()], [process.execPath, process.version]);
  });
});

describe("a plugin's process", () => {
  it("prints its port first, and ends when the engine that started it is killed", async () => {
    const main = path.join(import.meta.dirname, "..", "plugins", "docker", "main.ts");
    // An "engine" that starts the plugin, tells its id, and stays.
    const engine = spawn(
      process.execPath,
      [
        "-e",
        `const plugin = require("node:child_process").spawn(process.execPath, [process.argv[1], "127.0.0.1:1"]);
         plugin.stdout.once("data", (port) => console.log(plugin.pid + " " + String(port).trim()));
         setInterval(() => {}, 1000);`,
        main,
      ],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    const [line] = (await once(engine.stdout, "data")) as [Buffer];
    const [pid, port] = line.toString().trim().split(" ").map(Number) as [number, number];
    assert.ok(port > 0 && port < 65536, `a port, received ${port}`);
    const lives = () => {
      try {
        return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
      } catch {
        return false;
      }
    };
    assert.equal(lives(), true);
    engine.kill("SIGKILL");
    for (let waited = 0; lives() && waited < 5000; waited += 50) await sleep(50);
    assert.equal(lives(), false);
  });
});
