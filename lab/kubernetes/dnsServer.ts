// The cluster's DNS: `node dnsServer.ts FOLDER`, FOLDER being the cluster's own.
import { decode, encode } from "dns-packet";
import { createSocket, type RemoteInfo } from "node:dgram";
import { readFileSync } from "node:fs";
import { network } from "../addresses.ts";
import { getJson } from "./api.ts";
import { answerTo, isOwn, nameServerOf, type Lookup } from "./dns.ts";

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

/** Passes a query on to this machine's own resolver, and its answer back. */
function pass(message: Buffer, client: RemoteInfo, resolver: string): void {
  const upstream = createSocket("udp4");
  const timer = setTimeout(() => upstream.close(), 5000);
  upstream.on("message", (answer) => {
    server.send(answer, client.port, client.address);
    clearTimeout(timer);
    upstream.close();
  });
  upstream.on("error", (error) => console.error(`${resolver}: ${error.message}`));
  upstream.send(message, 53, resolver);
}

server.on("message", (message, client) => {
  const reply = async () => {
    const query = decode(message);
    const resolver = nameServerOf(readFileSync("/etc/resolv.conf", "utf8"));
    if (!isOwn(query.questions?.[0]?.name ?? "") && resolver) return pass(message, client, resolver);
    server.send(encode(await answerTo(query, lookup)), client.port, client.address);
  };
  reply().catch((error: Error) => console.error(`${client.address}: ${error.message}`));
});
server.bind(53, network.nodeAddress);
