import { Provider } from "@pulumi/kubernetes/provider";
import * as pulumi from "@pulumi/pulumi";
import { Workload } from "../../components/workload";
import { checkConfig } from "../../config";

/** `count` workloads that run no pod, on the cluster of `kubeconfig`. */
const settings = new pulumi.Config();
const kubeconfig = settings.requireSecret("kubeconfig");
const provider = new Provider("kubernetes", { kubeconfig, clusterIdentifier: "bench" });

for (let i = 0; i < settings.requireNumber("count"); i++) {
  const { config, problems } = checkConfig(
    {
      "slipway:imageTag": "v1",
      "slipway:appName": `app-${i}`,
      "slipway:replicas": "0",
      "slipway:clusterStack": "organization/slipway/none",
    },
    process.cwd(),
    () => false,
  );
  if (problems.length) throw new pulumi.RunError(JSON.stringify(problems));
  new Workload(`app-${i}`, {
    options: config,
    image: "registry.invalid/app:v1",
    secretEnv: {},
    registry: config.registry,
    provider,
    kubeconfig,
  });
}
