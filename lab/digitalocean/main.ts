/** The emulated DigitalOcean API as a process: `node lab/digitalocean/main.ts --kubernetes PATH`. */
import { Command } from "commander";
import path from "node:path";
import { digitaloceanUrl, ports } from "../addresses.ts";
import { stateDir } from "../paths.ts";
import { kubernetesBackend } from "./kubernetesBackend.ts";
import { createServer } from "./server.ts";

const { kubernetes } = new Command("digitalocean")
  .requiredOption("--kubernetes <path>", "the lab's Kubernetes executable")
  .parse()
  .opts<{ kubernetes: string }>();

const log = (message: string) => console.log(`${new Date().toISOString()} ${message}`);
try {
  const { app } = createServer({
    backend: kubernetesBackend(kubernetes, log),
    snapshotFile: path.join(stateDir, "digitalocean.json"),
    log,
  });
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.once(signal, () => void app.close().then(() => process.exit(0)));
  await app.listen({ host: "127.0.0.1", port: ports.digitalocean });
  log(`listening on ${digitaloceanUrl}`);
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  console.error(
    code === "EADDRINUSE"
      ? `port ${ports.digitalocean} on 127.0.0.1 is in use; end the process that listens there (ss -ltnp shows it)`
      : message,
  );
  process.exit(1);
}
