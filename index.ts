import { findImage, Image } from "./components/image";
import { Workload } from "./components/workload";
import { loadConfig } from "./config";
import { parseImageTag } from "./config/release";
import { lastUpdate, targetCluster } from "./stacks";

/** From a release tag to a running pod: the cluster, the image, the workload. */
export = async () => {
  const config = loadConfig();
  const [last, found] = await Promise.all([lastUpdate(), findImage(config)]);

  // 1. A cluster: created on DigitalOcean, or one that is there.
  const cluster = await targetCluster(config, last);

  // 2. The app's image at its release tag, built and pushed or found in the registry.
  const image = new Image("image", {
    repository: config.repository,
    tag: parseImageTag(config.imageTag).tag,
    registry: config.registry,
    build: config.build,
    found,
    releases: last.releases,
  });

  // 3. The Deployment that runs it, by digest.
  const workload = new Workload("app", {
    options: config,
    image: image.reference,
    secretEnv: config.secretEnv,
    registry: config.registry,
    provider: cluster.provider,
    kubeconfig: cluster.outputs.kubeconfig,
  });

  // 4. The pipeline that sets `imageTag` at each release has its place here.

  return {
    ...cluster.outputs,
    image: image.reference,
    releases: image.releases,
    deployment: workload.deployment,
    appName: config.appName,
    namespace: config.namespace,
    verifyPath: config.verifyPath,
  };
};
