/** A web server in another language than the sample app, deployed in tests by configuration alone. */
import { createHash } from "node:crypto";
import { createServer } from "node:http";

const { API_KEY, APP_RELEASE = "none", APP_TARGET = "none", GREETING = "Hello", PORT = "3000" } = process.env;

/** Proves which secret has arrived without showing it: the start of its SHA-256, in hex. */
const proof = API_KEY ? createHash("sha256").update(API_KEY).digest("hex").slice(0, 12) : null;

/** Long enough for Kubernetes to take a stopping pod out of its Services, in milliseconds. */
const drainDelay = 3_000;
let draining = false;

const answers = {
  "/hello": () => [
    200,
    {
      greeting: GREETING,
      apiKeyProof: proof,
      release: APP_RELEASE,
      target: APP_TARGET,
      uid: process.getuid(),
    },
  ],
  "/health": () => [draining ? 503 : 200, { status: draining ? "shutting down" : "ok" }],
};

const server = createServer((request, response) => {
  const path = request.url.split("?", 1)[0];
  const known = Object.hasOwn(answers, path);
  const [status, body] = !known
    ? [404, { error: "not found" }]
    : request.method !== "GET"
      ? [405, { error: "only GET" }]
      : answers[path]();
  // While draining, a client has to reconnect, which takes it to another pod.
  if (draining) response.setHeader("connection", "close");
  response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(body)}\n`);
});

server.listen(Number(PORT), () => console.log(JSON.stringify({ event: "listening", ...server.address() })));

process.once("SIGTERM", () => {
  draining = true;
  console.log(JSON.stringify({ event: "draining" }));
  setTimeout(() => server.close(() => console.log(JSON.stringify({ event: "stopped" }))), drainDelay);
});
