import { execa } from "execa";
import path from "node:path";
import { listProcesses } from "../../lab/process.ts";

const cli = path.resolve(import.meta.dirname, "../../lab/cli.ts");
const lab = (command: string) =>
  execa(process.execPath, [cli, command], { stdio: ["ignore", "inherit", "inherit"] });

/** Before all: a lab of the tests' own. There can be one on a machine, so one that runs gives way. */
export async function mochaGlobalSetup(): Promise<void> {
  if (listProcesses().some((record) => record.running))
    console.log(
      "A lab is running; the tests need the machine's lab to themselves and take it down. npm start brings it back.",
    );
  await lab("down");
  await lab("up");
}

/** After all: nothing is left of it. What `down` leaves is checked by a test of its own. */
export async function mochaGlobalTeardown(): Promise<void> {
  await lab("down");
}
