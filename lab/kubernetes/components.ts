import path from "node:path";
import { stringify } from "yaml";
import { apiserverUrl, network, ports } from "../addresses.ts";
import { containerdSocket } from "../containerd.ts";
import type { ProcessSpec } from "../process.ts";
import { cgroupRoot } from "./cgroups.ts";
import { clusterDomain } from "./dns.ts";
import type { CertificateRequest } from "./pki.ts";

/** What the components' configuration depends on. */
export interface Settings {
  /** Folder of this cluster's data. */
  folder: string;
  /** Folder that holds the Kubernetes programs. */
  binaries: string;
  etcd: string;
  nodeName: string;
  nodeLabels: Record<string, string>;
  /** Where kube-apiserver asks about bearer tokens. */
  authenticationWebhookUrl: string;
}

const host = "127.0.0.1";

/** Certificates of the cluster: two servers, and whoever talks to them. */
export const certificates = (nodeName: string): CertificateRequest[] => [
  {
    name: "apiserver",
    subject: "CN=kube-apiserver",
    hosts: [
      ...[host, network.nodeAddress, network.apiAddress, "localhost"],
      ...["kubernetes", "kubernetes.default", "kubernetes.default.svc"],
      `kubernetes.default.svc.${clusterDomain}`,
    ],
  },
  { name: "kubelet", subject: `CN=${nodeName}`, hosts: [nodeName, network.nodeAddress, host] },
  { name: "admin", subject: "CN=lab-admin, O=system:masters" },
  { name: "kubelet-client", subject: "CN=kube-apiserver-kubelet-client, O=system:masters" },
  { name: "controller-manager", subject: "CN=system:kube-controller-manager" },
  { name: "scheduler", subject: "CN=system:kube-scheduler" },
  { name: "node", subject: `CN=system:node:${nodeName}, O=system:nodes` },
  { name: "proxy", subject: "CN=system:kube-proxy" },
];

/** A kubeconfig for one of the cluster's own parts, with its client certificate. */
export const kubeconfig = (folder: string, user: string): string =>
  stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: "lab",
        cluster: { server: apiserverUrl, "certificate-authority": path.join(folder, "pki/ca.crt") },
      },
    ],
    users: [
      {
        name: user,
        user: {
          "client-certificate": path.join(folder, `pki/${user}.crt`),
          "client-key": path.join(folder, `pki/${user}.key`),
        },
      },
    ],
    contexts: [{ name: "lab", context: { cluster: "lab", user } }],
    "current-context": "lab",
  });

/** How kube-apiserver finds who judges bearer tokens: plain HTTP on loopback. */
export const webhookConfig = (url: string): string =>
  stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "digitalocean", cluster: { server: url } }],
    users: [{ name: "kube-apiserver", user: {} }],
    contexts: [{ name: "webhook", context: { cluster: "digitalocean", user: "kube-apiserver" } }],
    "current-context": "webhook",
  });

/** Where the cluster's pods log to. */
export const podLogs = (folder: string) => path.join(folder, "pods");

/** The kubelet's configuration. */
export const kubeletConfig = ({ folder }: Pick<Settings, "folder">): string =>
  stringify({
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: network.nodeAddress,
    port: ports.kubelet,
    healthzBindAddress: host,
    healthzPort: ports.kubeletHealth,
    readOnlyPort: 0,
    tlsCertFile: path.join(folder, "pki/kubelet.crt"),
    tlsPrivateKeyFile: path.join(folder, "pki/kubelet.key"),
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: path.join(folder, "pki/ca.crt") },
    },
    authorization: { mode: "Webhook" },
    podLogsDir: podLogs(folder),
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    cgroupDriver: "cgroupfs",
    cgroupRoot,
    enforceNodeAllocatable: [],
    failSwapOn: false,
    oomScoreAdj: 0,
    clusterDNS: [network.nodeAddress],
    clusterDomain,
    resolvConf: "",
    makeIPTablesUtilChains: false,
    serializeImagePulls: false,
    imageGCHighThresholdPercent: 100,
    evictionHard: {
      "nodefs.available": "0%",
      "imagefs.available": "0%",
      "nodefs.inodesFree": "0%",
      "memory.available": "50Mi",
    },
    nodeStatusUpdateFrequency: "2s",
    shutdownGracePeriod: "0s",
  });

export const proxyConfig = ({ folder, nodeName }: Pick<Settings, "folder" | "nodeName">): string =>
  stringify({
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    clientConnection: { kubeconfig: path.join(folder, "proxy.conf") },
    // One table of its own, which is easily taken away again.
    mode: "nftables",
    // Pods of one bridge would answer each other around the translation.
    nftables: { masqueradeAll: true, minSyncPeriod: "100ms" },
    clusterCIDR: network.podCidr,
    hostnameOverride: nodeName,
    healthzBindAddress: `${host}:${ports.kubeProxyHealth}`,
    metricsBindAddress: `${host}:${ports.kubeProxyMetrics}`,
    nodePortAddresses: [`${network.nodeAddress}/32`],
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
  });

/** The files that the components read, by name in the cluster's folder. */
export const files = (settings: Settings): Record<string, string> => ({
  ...Object.fromEntries(
    ["admin", "controller-manager", "scheduler", "node", "proxy"].map((user) => [
      `${user}.conf`,
      kubeconfig(settings.folder, user),
    ]),
  ),
  "webhook.conf": webhookConfig(settings.authenticationWebhookUrl),
  "kubelet.yaml": kubeletConfig(settings),
  "kube-proxy.yaml": proxyConfig(settings),
});

type Flags = Record<string, string | number | boolean>;

/** The components as processes, in the order of their start. */
export function processes(
  settings: Settings,
): Record<"etcd" | "apiserver", ProcessSpec> & { others: ProcessSpec[] } {
  const { folder, binaries, etcd, nodeName, nodeLabels } = settings;
  const pki = (name: string) => path.join(folder, "pki", name);
  const conf = (name: string) => path.join(folder, `${name}.conf`);
  const spec = (name: string, command: string, flags: Flags): ProcessSpec => ({
    name,
    command,
    // What they would save as they end is thrown away with the cluster.
    stopSeconds: 1,
    args: Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`),
  });
  const part = (name: string, flags: Flags) => spec(name, path.join(binaries, name), flags);
  const etcdUrl = `http://${host}:${ports.etcd}`;
  const etcdPeerUrl = `http://${host}:${ports.etcdPeer}`;
  const local = (user: string, port: number): Flags => ({
    kubeconfig: conf(user),
    "authentication-kubeconfig": conf(user),
    "authorization-kubeconfig": conf(user),
    "leader-elect": false,
    "bind-address": host,
    "secure-port": port,
  });
  return {
    etcd: spec("etcd", etcd, {
      name: "lab",
      "data-dir": path.join(folder, "etcd"),
      "listen-client-urls": etcdUrl,
      "advertise-client-urls": etcdUrl,
      "listen-peer-urls": etcdPeerUrl,
      "initial-advertise-peer-urls": etcdPeerUrl,
      "initial-cluster": `lab=${etcdPeerUrl}`,
      // The data is gone with the cluster, so nothing is lost by not waiting for the disk.
      "unsafe-no-fsync": true,
      logger: "zap",
      "log-level": "warn",
    }),
    apiserver: part("kube-apiserver", {
      "etcd-servers": etcdUrl,
      "bind-address": host,
      "secure-port": ports.apiserver,
      "advertise-address": network.nodeAddress,
      "service-cluster-ip-range": network.serviceCidr,
      "tls-cert-file": pki("apiserver.crt"),
      "tls-private-key-file": pki("apiserver.key"),
      "client-ca-file": pki("ca.crt"),
      "service-account-issuer": `https://kubernetes.default.svc.${clusterDomain}`,
      "service-account-key-file": pki("sa.pub"),
      "service-account-signing-key-file": pki("sa.key"),
      "authorization-mode": "Node,RBAC",
      "authentication-token-webhook-config-file": conf("webhook"),
      "authentication-token-webhook-version": "v1",
      // Measured: a good answer is believed for up to 10 s all the same, by a cache above this one
      // that has no flag. So a token that expires can still serve that long.
      "authentication-token-webhook-cache-ttl": "1s",
      "kubelet-client-certificate": pki("kubelet-client.crt"),
      "kubelet-client-key": pki("kubelet-client.key"),
      "kubelet-certificate-authority": pki("ca.crt"),
      "kubelet-preferred-address-types": "InternalIP",
      profiling: false,
    }),
    others: [
      part("kube-controller-manager", {
        ...local("controller-manager", ports.controllerManager),
        // The controllers' permissions hang on their own service accounts.
        "use-service-account-credentials": true,
        // The default of 20 calls a second makes every start 4 s longer.
        "kube-api-qps": 1000,
        "kube-api-burst": 1000,
        "service-account-private-key-file": pki("sa.key"),
        "root-ca-file": pki("ca.crt"),
        profiling: false,
      }),
      part("kube-scheduler", { ...local("scheduler", ports.scheduler), profiling: false }),
      part("kubelet", {
        config: path.join(folder, "kubelet.yaml"),
        kubeconfig: conf("node"),
        "root-dir": path.join(folder, "kubelet"),
        "cert-dir": path.join(folder, "kubelet-pki"),
        "hostname-override": nodeName,
        "node-ip": network.nodeAddress,
        "node-labels": Object.entries(nodeLabels)
          .map(([name, value]) => `${name}=${value}`)
          .join(","),
      }),
      part("kube-proxy", { config: path.join(folder, "kube-proxy.yaml") }),
      {
        name: "kube-dns",
        command: process.execPath,
        args: [path.join(import.meta.dirname, "dnsServer.ts"), folder],
        stopSeconds: 1,
      },
    ],
  };
}
