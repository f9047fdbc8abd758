import { decode, encode, type Packet } from "dns-packet";
import assert from "node:assert/strict";
import { answerTo, failureOf, isOwn, nameServerOf, serviceOf } from "../kubernetes/dns.ts";

const lookup = async (service: string, namespace: string) =>
  service === "web" && namespace === "shop" ? ["10.216.1.2"] : undefined;

/** What a client reads of the answer. */
async function ask(name: string, type: "A" | "AAAA" = "A") {
  const query: Packet = { type: "query", id: 7, flags: 0x0100, questions: [{ type, name }] };
  const answer = decode(encode(await answerTo(decode(encode(query)), lookup)));
  const { id, type: kind, answers } = answer;
  return {
    id,
    kind,
    code: (answer as { rcode?: string }).rcode,
    answers: (answers ?? []).map((one) => "data" in one && one.data),
  };
}

describe("the cluster's DNS", () => {
  it("answers a Service's name with its address", async () => {
    assert.deepEqual(await ask("web.shop.svc.cluster.local"), {
      id: 7,
      kind: "response",
      code: "NOERROR",
      answers: ["10.216.1.2"],
    });
  });

  it("takes names in any case, as resolvers send them", async () => {
    assert.deepEqual((await ask("Web.Shop.SVC.Cluster.Local")).answers, ["10.216.1.2"]);
  });

  it("has a Service, but no IPv6 address of it", async () => {
    assert.deepEqual(await ask("web.shop.svc.cluster.local", "AAAA"), {
      id: 7,
      kind: "response",
      code: "NOERROR",
      answers: [],
    });
  });

  it("knows no other name of the cluster's", async () => {
    for (const name of ["web.other.svc.cluster.local", "example.com.svc.cluster.local", "cluster.local"])
      assert.deepEqual(await ask(name), { id: 7, kind: "response", code: "NXDOMAIN", answers: [] }, name);
  });

  it("leaves all other names to the machine's own resolver", () => {
    assert.ok(isOwn("web.shop.svc.cluster.local"));
    for (const name of ["example.com", "notcluster.local", "cluster.local.example.com", ""])
      assert.ok(!isOwn(name), name);
  });

  it("says that a look-up failed, so that nobody waits", () => {
    const failure = decode(
      encode(failureOf({ type: "query", id: 9, questions: [{ type: "A", name: "a.b" }] })),
    );
    assert.deepEqual([failure.id, (failure as { rcode?: string }).rcode], [9, "SERVFAIL"]);
  });

  it("reads a Service's name and namespace", () => {
    assert.deepEqual(serviceOf("web.shop.svc.cluster.local"), { service: "web", namespace: "shop" });
    assert.equal(serviceOf("a.web.shop.svc.cluster.local"), undefined);
  });

  it("finds the machine's resolver", () => {
    assert.equal(nameServerOf("# c\nsearch x\nnameserver ::1\nnameserver 192.0.2.1\n"), "192.0.2.1");
    assert.equal(nameServerOf("search x\n"), undefined);
  });
});
