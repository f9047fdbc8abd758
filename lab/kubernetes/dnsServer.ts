// The cluster's DNS: `node dnsServer.ts FOLDER`, FOLDER being the cluster's own.
import { decode, encode } from "dns-packet";
import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { network } from "../addresses.ts";
import { getJson } from "./api.ts";
import { answerTo, failureOf, isOwn, nameServerOf, type Lookup } from "./dns.ts";

const folder = process.argv[2];
if (!folder) throw new Error("name the cluster's folder");

interface Service {
  spec: { clusterIP?: string };
}
interface EndpointSlices {
  items: { endpoints?: { addresses: string[]; conditions?: { ready?: boolean } }[] }[];
}

const lookup: Lookup = async (service, namespace) => {
  const found = await getJson<Service>(folder, `/api/v1/namespaces/${namespace}/services/${service}`);
  if (!found) return undefined;
  if (found.spec.clusterIP && found.spec.clusterIP !== "None") return [found.spec.clusterIP];
  const slices = await getJson<EndpointSlices>(
    folder,
    `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=kubernetes.io/service-name=${service}`,
  );
  return (slices?.items ?? [])
    .flatMap(({ endpoints }) => endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses }) => addresses);
};

const server = createSocket("udp4");

/** Milliseconds that this machine's own resolver has for an answer. */
const patience = 3000;

/** The answer of this machine's own resolver to a query. Fails if there is none. */
const askUpstream = (message: Buffer, resolver: string) =>
  new Promise<Buffer>((resolve, reject) => {
    const upstream = createSocket("udp4");
    const timer = setTimeout(() => upstream.emit("error", new Error(`${resolver} did not answer`)), patience);
    const close = () => {
      clearTimeout(timer);
      upstream.close();
    };
    upstream.once("message", (reply) => {
      close();
      resolve(reply);
    });
    upstream.once("error", (error) => {
      close();
      reject(error);
    });
    // A connected socket hears at once that nobody listens there.
    upstream.once("connect", () => upstream.send(message));
    upstream.connect(53, resolver);
  });

async function answer(message: Buffer): Promise<Buffer> {
  const query = decode(message);
  const resolver = nameServerOf(readFileSync("/etc/resolv.conf", "utf8"));
  try {
    if (!isOwn(query.questions?.[0]?.name ?? "") && resolver) return await askUpstream(message, resolver);
    return encode(await answerTo(query, lookup));
  } catch (error) {
    console.error(`${query.questions?.[0]?.name}: ${(error as Error).message}`);
    return encode(failureOf(query));
  }
}

server.on("message", (message, { port, address }) => {
  answer(message)
    .then((reply) => server.send(reply, port, address))
    .catch((error: Error) => console.error(`${address}: ${error.message}`));
});
server.bind(53, network.nodeAddress);
