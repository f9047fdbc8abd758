import type { Answer, Packet } from "dns-packet";

/** The domain that Kubernetes gives its Services' names in. */
export const clusterDomain = "cluster.local";

/** The addresses behind a Service's name; undefined if there is no such Service. */
export type Lookup = (service: string, namespace: string) => Promise<string[] | undefined>;

/** How long a resolver may keep an answer, in seconds. */
const ttl = 5;

/** The Service that a name such as `web.shop.svc.cluster.local` means; undefined if it means none. */
export function serviceOf(name: string): { service: string; namespace: string } | undefined {
  const [, service, namespace] =
    new RegExp(`^([^.]+)\\.([^.]+)\\.svc\\.${clusterDomain}$`).exec(name.toLowerCase()) ?? [];
  return service && namespace ? { service, namespace } : undefined;
}

/** Whether a name is for this cluster to answer. Others are for the machine's own resolver. */
export const isOwn = (name: string): boolean => `.${name.toLowerCase()}`.endsWith(`.${clusterDomain}`);

// RFC 1035, 4.1.1: authoritative answer, recursion available, recursion desired (as asked), codes.
const responseFlags = (query: Packet, code: number) => 0x0480 | ((query.flags ?? 0) & 0x0100) | code;
const serverFailure = 2;
const noSuchName = 3;

/**
 * The cluster's answer to a query for one of its names, after Kubernetes' DNS specification
 * (github.com/kubernetes/dns, "DNS-Based Service Discovery"): A records of Services; other types of
 * record are empty, other names unknown.
 */
export async function answerTo(query: Packet, lookup: Lookup): Promise<Packet> {
  const [question] = query.questions ?? [];
  const service = question && serviceOf(question.name);
  const addresses = service && (await lookup(service.service, service.namespace));
  const answers: Answer[] =
    question?.type === "A"
      ? (addresses ?? []).map((data) => ({ type: "A", name: question.name, ttl, data }))
      : [];
  const flags = responseFlags(query, addresses ? 0 : noSuchName);
  return { type: "response", id: query.id, flags, questions: query.questions, answers };
}

/** The answer to a query that could not be looked up, so that nobody waits for one. */
export const failureOf = (query: Packet): Packet => ({
  type: "response",
  id: query.id,
  flags: responseFlags(query, serverFailure),
  questions: query.questions,
});

/** The first IPv4 name server of a resolv.conf; undefined if it names none. */
export const nameServerOf = (resolvConf: string): string | undefined =>
  /^\s*nameserver\s+(\d+\.\d+\.\d+\.\d+)\s*$/m.exec(resolvConf)?.[1];
