import * as grpc from "@grpc/grpc-js";

/** What makes a plugin of the engine. */
export interface Plugin {
  /** Name of its executable. */
  name: string;
  service: grpc.ServiceDefinition;
  /** `engine`: address of the engine's own service, such as `127.0.0.1:4711`. */
  handlers(engine: string): grpc.UntypedServiceImplementation;
  /** Ends what the plugin has started. */
  stop?(): void;
}

/**
 * Serves a plugin on a port of its own, which the engine reads from the first line, until the engine
 * ends it. An engine that is killed can't: its plugins end by themselves within a second.
 */
export function servePlugin({ name, service, handlers, stop = () => {} }: Plugin): void {
  const end = (code: number) => {
    stop();
    process.exit(code);
  };
  process.once("SIGTERM", () => end(0));
  const engineProcess = process.ppid;
  setInterval(() => process.ppid === engineProcess || end(1), 1000).unref();

  const server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
  server.addService(service, handlers(process.argv.slice(2).find((word) => !word.startsWith("-")) ?? ""));
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
    if (error) {
      process.stderr.write(`${name} (stand-in): ${error.message}\n`);
      end(1);
    }
    process.stdout.write(`${port}\n`);
  });
}
