/** Where each part of the lab listens. Everything is on loopback or on a bridge of the lab's own. */
const host = "127.0.0.1";

/** TCP ports on 127.0.0.1, one for each listener of the lab. */
export const ports = {
  digitalocean: 7701,
  registry: 7702,
  privateRegistry: 7703,
  github: 7704,
  etcd: 7711,
  etcdPeer: 7712,
  apiserver: 7713,
  controllerManager: 7714,
  scheduler: 7715,
  kubelet: 7716,
  kubeletHealth: 7717,
  kubeProxyHealth: 7718,
  kubeProxyMetrics: 7719,
} as const;

/** Base URL of the emulated DigitalOcean API (paths begin with `/v2`). */
export const digitaloceanUrl = `http://${host}:${ports.digitalocean}`;
/** Host and port of the registry, as image names begin with it. It asks for no login. */
export const registryAddress = `${host}:${ports.registry}`;
/** Host and port where the same registry asks for a login, for pulls as well. */
export const privateRegistryAddress = `${host}:${ports.privateRegistry}`;
/** Base URL of the emulated GitHub: its API is below `/api/v3`, its repositories at `/owner/name.git`. */
export const githubUrl = `http://${host}:${ports.github}`;
/** URL of the lab's kube-apiserver. */
export const apiserverUrl = `https://${host}:${ports.apiserver}`;

/** Links and address ranges that the lab makes, and takes away again. */
export const network = {
  nodeBridge: "slipway0",
  nodeAddress: "10.214.0.1",
  nodePrefix: 24,
  podBridge: "slipway-pods",
  podCidr: "10.215.0.0/24",
  serviceCidr: "10.216.0.0/16",
  /** The first of `serviceCidr`, which Kubernetes takes for its own API. */
  apiAddress: "10.216.0.1",
  dockerBridge: "slipway-docker",
  dockerAddress: "10.217.0.1",
  dockerPrefix: 24,
} as const;
