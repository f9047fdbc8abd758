import { Deployer } from "./components/deployer";
import { findImage, Image } from "./components/image";
import { Workload } from "./components/workload";
import { loadConfig } from "./config";
import { parseImageTag } from "./config/release";
import { lastUpdate, pipelineStack, targetCluster } from "./stacks";

/** From a release tag to a running pod: the cluster, the image, the workload; and the pipeline that releases. */
export = async () => {
  const config = loadConfig();

  // The pipeline that sets `imageTag` at each release is wired by a stack of its own: that takes a GitHub
  // token which no deploy should hold.
  if (config.pipeline) return pipelineStack(config, config.pipeline);

  const [last, found] = await Promise.all([lastUpdate(), findImage(config)]);
  const { tag } = parseImageTag(config.imageTag);

  // 1. A cluster: created on DigitalOcean, or one that is there.
  const cluster = await targetCluster(config, last);

  // 2. The app's image at its release tag, built and pushed or found in the registry.
  const image = new Image("image", {
    repository: config.repository,
    tag,
    registry: config.registry,
    build: config.build,
    found,
    releases: last.releases,
  });

  // 3. The Deployment that runs it, by digest. With the vanilla engine, what `kubectl apply -k` needs for it.
  const kubectl = config.engine === "kustomize";
  const workload = new Workload("app", {
    options: config,
    image: kubectl ? undefined : image.reference,
    secretEnv: config.secretEnv,
    registry: config.registry,
    provider: cluster.provider,
    kubeconfig: cluster.outputs.kubeconfig,
  });
  const deployer = kubectl
    ? new Deployer(
        "deployer",
        {
          options: config,
          image: { tag, digest: image.digest },
          provider: cluster.provider,
          kubeconfig: cluster.outputs.kubeconfig,
        },
        { dependsOn: workload },
      )
    : undefined;

  return {
    ...cluster.outputs,
    image: image.reference,
    releases: image.releases,
    deployment: workload.deployment,
    appName: config.appName,
    namespace: config.namespace,
    verifyPath: config.verifyPath,
    ...(deployer ? { files: deployer.files, deployKubeconfig: deployer.kubeconfig } : {}),
  };
};
