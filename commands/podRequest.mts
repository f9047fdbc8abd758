import { request } from "node:http";
import { Duplex, PassThrough } from "node:stream";
import { KubeConfig, PortForward } from "@kubernetes/client-node";

/** What a pod answered. */
export interface Answer {
  status: number;
  body: string;
}

/**
 * GETs a path from a pod over Kubernetes' port-forward, with no listener on this machine. Fails after
 * `timeout` milliseconds, or with what the pod's side says (nothing listens on the port, say).
 */
export async function getFromPod(
  config: KubeConfig,
  pod: { namespace: string; name: string; port: number },
  path: string,
  timeout = 10_000,
): Promise<Answer> {
  const toPod = new PassThrough();
  const fromPod = new PassThrough();
  const errors = new PassThrough();
  const socket = await new PortForward(config).portForward(
    pod.namespace,
    pod.name,
    [pod.port],
    fromPod,
    errors,
    toPod,
  );
  try {
    return await new Promise<Answer>((resolve, reject) => {
      errors.on("data", (data: Buffer) =>
        reject(new Error(`port-forward to ${pod.name}: ${data.toString().trim()}`)),
      );
      const outgoing = request(
        {
          host: pod.name,
          path,
          createConnection: () => Duplex.from({ readable: fromPod, writable: toPod }) as never,
          headers: { host: "localhost", connection: "close" },
          signal: AbortSignal.timeout(timeout),
        },
        (response) => {
          let body = "";
          response.setEncoding("utf8");
          response.on("data", (chunk: string) => (body += chunk));
          response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
          response.on("error", reject);
        },
      );
      outgoing.on("error", (error) =>
        reject(
          error.name === "AbortError" || error.name === "TimeoutError"
            ? new Error(`no answer in ${timeout / 1000} s`)
            : error,
        ),
      );
      outgoing.end();
    });
  } finally {
    if (typeof socket !== "function") socket.close();
  }
}
