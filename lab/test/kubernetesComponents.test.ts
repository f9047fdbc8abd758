import assert from "node:assert/strict";
import { parse } from "yaml";
import { network, ports } from "../addresses.ts";
import { containerdSocket } from "../containerd.ts";
import { cgroupRoot } from "../kubernetes/cgroups.ts";
import { certificates, files, processes, type Settings } from "../kubernetes/components.ts";

const settings: Settings = {
  folder: "/lab/kubernetes",
  binaries: "/tools",
  etcd: "/usr/bin/etcd",
  nodeName: "pool-abc1",
  nodeLabels: { region: "fra1", "doks.digitalocean.com/node-pool": "pool" },
  authenticationWebhookUrl: "http://127.0.0.1:7701/lab/token-review/1",
};

interface Kubeconfig {
  clusters: { cluster: Record<string, string> }[];
  users: { user: Record<string, string> }[];
}

describe("the lab's Kubernetes", () => {
  const parts = processes(settings);
  const all = [parts.etcd, parts.apiserver, ...parts.others];
  const args = (name: string) => all.find((part) => part.name === name)?.args ?? [];
  const written = files(settings);
  const file = (name: string) => parse(written[name] as string) as Record<string, unknown>;

  it("is etcd, the five parts of Kubernetes, each from where it was found, and DNS", () => {
    assert.deepEqual(
      all.map(({ command }) => command),
      [
        "/usr/bin/etcd",
        "/tools/kube-apiserver",
        "/tools/kube-controller-manager",
        "/tools/kube-scheduler",
        "/tools/kubelet",
        "/tools/kube-proxy",
        process.execPath,
      ],
    );
  });

  it("gives each flag once", () => {
    for (const { name, args } of all) {
      const flags = args.map((arg) => arg.split("=")[0]);
      assert.deepEqual(flags, [...new Set(flags)], name);
    }
  });

  it("listens on loopback and the node's own address alone", () => {
    const texts = [...all.flatMap((part) => part.args), ...Object.values(written)].join("\n");
    assert.doesNotMatch(texts, /0\.0\.0\.0|\[::\]/);
    for (const name of ["kube-apiserver", "kube-controller-manager", "kube-scheduler"])
      assert.ok(args(name).includes("--bind-address=127.0.0.1"), name);
    for (const flag of args("etcd").filter((arg) => /^--listen/.test(arg)))
      assert.match(flag, /=http:\/\/127\.0\.0\.1:\d+$/);
    const kubelet = file("kubelet.yaml");
    assert.deepEqual(
      [kubelet.address, kubelet.healthzBindAddress, kubelet.readOnlyPort],
      [network.nodeAddress, "127.0.0.1", 0],
    );
    const proxy = file("kube-proxy.yaml");
    assert.equal(proxy.healthzBindAddress, `127.0.0.1:${ports.kubeProxyHealth}`);
    assert.equal(proxy.metricsBindAddress, `127.0.0.1:${ports.kubeProxyMetrics}`);
  });

  it("shows NodePorts on the node's private address only", () => {
    assert.deepEqual(file("kube-proxy.yaml").nodePortAddresses, [`${network.nodeAddress}/32`]);
  });

  it("asks the DigitalOcean API about bearer tokens, and keeps its answer as briefly as it can", () => {
    assert.ok(args("kube-apiserver").includes("--authentication-token-webhook-version=v1"));
    assert.ok(args("kube-apiserver").includes("--authentication-token-webhook-cache-ttl=1s"));
    const { clusters, users } = file("webhook.conf") as unknown as Kubeconfig;
    assert.deepEqual(clusters[0]?.cluster, { server: settings.authenticationWebhookUrl });
    assert.deepEqual(users[0]?.user, {});
  });

  it("authorizes by role, the node by what runs on it", () => {
    assert.ok(args("kube-apiserver").includes("--authorization-mode=Node,RBAC"));
    assert.ok(args("kube-controller-manager").includes("--use-service-account-credentials=true"));
  });

  it("reaches the kubelet by its address, as the node's name is in no DNS", () => {
    assert.ok(args("kube-apiserver").includes("--kubelet-preferred-address-types=InternalIP"));
  });

  it("elects no leader: there is one of each", () => {
    for (const name of ["kube-controller-manager", "kube-scheduler"])
      assert.ok(args(name).includes("--leader-elect=false"), name);
  });

  it("labels the node", () => {
    assert.ok(args("kubelet").includes("--node-labels=region=fra1,doks.digitalocean.com/node-pool=pool"));
    assert.ok(args("kubelet").includes("--hostname-override=pool-abc1"));
  });

  it("has a kubelet that a small or containerised machine can bear", () => {
    const kubelet = file("kubelet.yaml");
    const expected = {
      containerRuntimeEndpoint: `unix://${containerdSocket}`,
      cgroupDriver: "cgroupfs",
      cgroupRoot,
      failSwapOn: false,
      oomScoreAdj: 0,
      resolvConf: "",
      serializeImagePulls: false,
      imageGCHighThresholdPercent: 100,
    };
    for (const [key, value] of Object.entries(expected)) assert.deepEqual(kubelet[key], value, key);
    const eviction = kubelet.evictionHard as Record<string, string>;
    for (const signal of ["nodefs.available", "imagefs.available", "nodefs.inodesFree"])
      assert.equal(eviction[signal], "0%", signal);
  });

  it("lets nobody in to the kubelet without a certificate of the cluster", () => {
    const { anonymous, x509 } = file("kubelet.yaml").authentication as Record<
      string,
      Record<string, unknown>
    >;
    assert.deepEqual(anonymous, { enabled: false });
    assert.deepEqual(x509, { clientCAFile: "/lab/kubernetes/pki/ca.crt" });
  });

  it("has a certificate for each kubeconfig, and a kubeconfig for the administrator", () => {
    const issued = certificates(settings.nodeName).map(({ name }) => name);
    const configs = Object.keys(written).filter((name) => name.endsWith(".conf") && name !== "webhook.conf");
    assert.ok(configs.includes("admin.conf"));
    for (const name of configs) {
      assert.ok(issued.includes(name.replace(/\.conf$/, "")), name);
      const { clusters } = file(name) as unknown as Kubeconfig;
      assert.equal(clusters[0]?.cluster.server, `https://127.0.0.1:${ports.apiserver}`);
    }
  });

  it("knows its node by the name that the Node authorizer asks for", () => {
    const node = certificates("pool-abc1").find(({ name }) => name === "node");
    assert.equal(node?.subject, "CN=system:node:pool-abc1, O=system:nodes");
  });

  it("keeps all its data below the cluster's folder", () => {
    const data = ["--data-dir=", "--root-dir=", "--cert-dir="];
    for (const arg of all
      .flatMap((part) => part.args)
      .filter((arg) => data.some((flag) => arg.startsWith(flag))))
      assert.match(arg, /=\/lab\/kubernetes\//);
  });
});
