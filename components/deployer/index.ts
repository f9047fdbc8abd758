import { Secret, ServiceAccount } from "@pulumi/kubernetes/core/v1";
import type { Provider } from "@pulumi/kubernetes/provider";
import { Role, RoleBinding } from "@pulumi/kubernetes/rbac/v1";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import type { Config } from "../../config";
import type { WorkloadOptions } from "../workload/manifests";
import { deployRules, type Files, kustomizeFiles, tokenKubeconfig } from "./manifests";

export interface DeployerArgs {
  options: WorkloadOptions & Pick<Config, "registry" | "repository" | "secretEnv">;
  /** The release that the files begin with. */
  image: { tag: string; digest: pulumi.Input<string> };
  /** The cluster. */
  provider: Provider;
  /** The cluster's kubeconfig, for its address. */
  kubeconfig: pulumi.Output<string>;
}

interface Kubeconfig {
  clusters: { cluster: { server: string; "certificate-authority-data": string } }[];
}

/** What lets `kubectl apply -k` deliver an app: its files, and a credential that can do just that. */
export class Deployer extends pulumi.ComponentResource {
  /** First text of `deployment.yaml` and `kustomization.yaml`. */
  readonly files: pulumi.Output<Files>;
  /** Secret. A kubeconfig that may roll out this app's Deployment and nothing else. */
  readonly kubeconfig: pulumi.Output<string>;

  constructor(name: string, args: DeployerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:Deployer", name, {}, opts);
    const { options, provider } = args;
    const { appName, namespace } = options;
    const child: pulumi.CustomResourceOptions = { parent: this, provider };
    const metadata = { name: `${appName}-deployer`, namespace };

    const account = new ServiceAccount(name, { metadata, automountServiceAccountToken: false }, child);
    const role = new Role(name, { metadata, rules: deployRules(options) }, child);
    new RoleBinding(
      name,
      {
        metadata,
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: role.metadata.name },
        subjects: [{ kind: "ServiceAccount", name: account.metadata.name, namespace }],
      },
      child,
    );
    // It lives until it is deleted: a workflow has nobody to renew it from. A new one: pulumi up --replace.
    const token = new Secret(
      name,
      {
        metadata: {
          namespace,
          annotations: { "kubernetes.io/service-account.name": account.metadata.name },
        },
        type: "kubernetes.io/service-account-token",
      },
      child,
    );

    this.files = pulumi
      .output(args.image.digest)
      .apply((digest) => kustomizeFiles(options, { tag: args.image.tag, digest }));
    this.kubeconfig = pulumi.secret(
      pulumi.all([args.kubeconfig, token.data]).apply(([text, data]) => {
        const { server, "certificate-authority-data": ca } = (parse(text) as Kubeconfig).clusters[0]
          ?.cluster as Kubeconfig["clusters"][0]["cluster"];
        const bearer = Buffer.from(data?.token ?? "", "base64").toString("utf8");
        return tokenKubeconfig({ server, ca }, namespace, bearer);
      }),
    );
    this.registerOutputs({ files: this.files, kubeconfig: this.kubeconfig });
  }
}
