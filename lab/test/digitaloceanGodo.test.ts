import { execa } from "execa";
import assert from "node:assert/strict";
import path from "node:path";
import { digitaloceanToken } from "../credentials.ts";
import { emulator } from "./digitaloceanEmulator.ts";

const program = path.resolve(import.meta.dirname, "../digitalocean/conformance");

describe("emulated DigitalOcean: DigitalOcean's own Go client", () => {
  it("understands every answer", async function () {
    // The first run compiles the client, and may fetch it.
    this.timeout(300_000);
    const { app } = emulator();
    const url = await app.listen({ host: "127.0.0.1", port: 0 });
    const run = await execa("go", ["test", "-count=1", "./..."], {
      cwd: program,
      env: { SLIPWAY_DIGITALOCEAN_URL: `${url}/`, SLIPWAY_DIGITALOCEAN_TOKEN: digitaloceanToken },
      all: true,
      reject: false,
    });
    await app.close();
    assert.equal(run.exitCode, 0, run.all ?? run.message);
  });
});
