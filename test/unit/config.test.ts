import assert from "node:assert/strict";
import path from "node:path";
import { describe, it } from "mocha";
import { checkConfig } from "../../config";

const folder = path.resolve(__dirname, "../..");

/** A stack that has nothing wrong. */
const good = { "slipway:imageTag": "v0.0.1", "slipway:cluster": '{"region":"ams3"}' };

const check = (changes: Record<string, unknown>, secrets: string[] = [], without: string[] = []) => {
  const raw: Record<string, string> = { ...good };
  for (const [key, value] of Object.entries(changes))
    raw[`slipway:${key}`] = typeof value === "string" ? value : JSON.stringify(value);
  for (const key of without) delete raw[`slipway:${key}`];
  return checkConfig(raw, folder, (key) => secrets.includes(key));
};

const canary = "canary-not-a-real-secret";
const cluster = (more: object) => ({ cluster: { region: "ams3", ...more } });
const kubeconfig = `current-context: a
contexts: [{name: a, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "https://203.0.113.1"}}]
users: [{name: u, user: {token: ${canary}}}]`;

interface BadInput {
  what: string;
  changes: Record<string, unknown>;
  without?: string[];
  secrets?: string[];
  /** Path of the problem. */
  at: string;
  /** Part of what was received, as it is shown. */
  received: string;
  allowed: RegExp;
  fix: string;
}

/** A pipeline's stack, with these changes to it. */
const pipeline = (more: object = {}, dev: object = {}) => ({
  pipeline: {
    app: { repository: "juggernaut/app" },
    config: { repository: "juggernaut/slipway" },
    environments: { dev: { secrets: { PULUMI_ACCESS_TOKEN: canary }, ...dev } },
    dispatchToken: canary,
    ...more,
  },
});
const deployed = ["imageTag", "cluster"];
const hidden = ["slipway:pipeline"];
const two = (prod: object) => ({
  environments: {
    dev: { secrets: { PULUMI_ACCESS_TOKEN: canary } },
    prod: { secrets: { PULUMI_ACCESS_TOKEN: canary }, ...prod },
  },
});

// prettier-ignore
const badInputs: BadInput[] = [
  { what: "a pipeline and an image tag", changes: pipeline(), without: ["cluster"], secrets: hidden, at: "imageTag", received: "as is slipway:pipeline", allowed: /a stack of its own/, fix: "pulumi config rm imageTag" },
  { what: "a pipeline and a cluster", changes: pipeline(), without: ["imageTag"], secrets: hidden, at: "cluster", received: "as is slipway:pipeline", allowed: /a stack of its own/, fix: "pulumi config rm cluster" },
  { what: "a pipeline without an app", changes: pipeline({ app: undefined }), without: deployed, secrets: hidden, at: "pipeline.app", received: "nothing", allowed: /an object/, fix: "pulumi config set --path pipeline.app" },
  { what: "a repository without its owner", changes: pipeline({ app: { repository: "app" } }), without: deployed, secrets: hidden, at: "pipeline.app.repository", received: '"app"', allowed: /owner\/name/, fix: "pulumi config set --path pipeline.app.repository <value>" },
  { what: "one repository for app and configuration", changes: pipeline({ config: { repository: "Juggernaut/App" } }), without: deployed, secrets: hidden, at: "pipeline.config.repository", received: "as pipeline.app.repository", allowed: /no credential of a cluster/, fix: "pulumi config set --path pipeline.config.repository <owner/name>" },
  { what: "an unknown engine", changes: pipeline({ engine: "helm" }), without: deployed, secrets: hidden, at: "pipeline.engine", received: '"helm"', allowed: /pulumi or kustomize/, fix: "pulumi config set --path pipeline.engine <value>" },
  { what: "an unknown delivery", changes: pipeline({ delivery: "email" }), without: deployed, secrets: hidden, at: "pipeline.delivery", received: '"email"', allowed: /pullRequest or branch/, fix: "pulumi config set --path pipeline.delivery <value>" },
  { what: "a misspelt name in the pipeline", changes: pipeline({ enviroments: {} }), without: deployed, secrets: hidden, at: "pipeline.enviroments", received: "{}", allowed: /one of app, backend/, fix: "pulumi config rm --path pipeline.enviroments" },
  { what: "no environment", changes: pipeline({ environments: {} }), without: deployed, secrets: hidden, at: "pipeline.environments", received: "{}", allowed: /at least one/, fix: "pulumi config set --path pipeline.environments <value>" },
  { what: "an environment in upper case", changes: pipeline({ environments: { Dev: { secrets: { PULUMI_ACCESS_TOKEN: canary } } } }), without: deployed, secrets: hidden, at: "pipeline.environments.Dev", received: "", allowed: /lower-case/, fix: "pulumi config set --path pipeline.environments.Dev" },
  { what: "deploys without their state's token", changes: pipeline({}, { secrets: {} }), without: deployed, secrets: hidden, at: "pipeline.environments.dev.secrets.PULUMI_ACCESS_TOKEN", received: "nothing", allowed: /the state in https:\/\/api.pulumi.com/, fix: "pulumi config set --path pipeline.environments.dev.secrets.PULUMI_ACCESS_TOKEN --secret" },
  { what: "state in Spaces without a passphrase", changes: pipeline({ backend: "s3://state?endpoint=x" }, { secrets: { AWS_ACCESS_KEY_ID: canary, AWS_SECRET_ACCESS_KEY: canary } }), without: deployed, secrets: hidden, at: "pipeline.environments.dev.secrets.PULUMI_CONFIG_PASSPHRASE", received: "nothing", allowed: /the state in s3:\/\/state$/, fix: "--secret" },
  { what: "a backend that is a word", changes: pipeline({ backend: "cloud" }), without: deployed, secrets: hidden, at: "pipeline.backend", received: '"cloud"', allowed: /pulumi login/, fix: "pulumi config set --path pipeline.backend <value>" },
  { what: "a name that the workflows use themselves", changes: pipeline({}, { secrets: { PULUMI_ACCESS_TOKEN: canary, GITHUB_TOKEN: canary } }), without: deployed, secrets: hidden, at: "pipeline.environments.dev.secrets.GITHUB_TOKEN", received: "a secret value, not shown", allowed: /neither GitHub nor the workflows/, fix: "pulumi config set --path" },
  { what: "a promotion from nowhere", changes: pipeline(two({ from: "staging" })), without: deployed, secrets: hidden, at: "pipeline.environments.prod.from", received: '"staging"', allowed: /another environment: dev/, fix: "pulumi config set --path pipeline.environments.prod.from" },
  { what: "promotions in a circle", changes: pipeline({ environments: { dev: { secrets: { PULUMI_ACCESS_TOKEN: canary }, from: "prod" }, prod: { secrets: { PULUMI_ACCESS_TOKEN: canary }, from: "dev" } } }), without: deployed, secrets: hidden, at: "pipeline.environments.dev.from", received: "a circle: dev, prod", allowed: /gets each release/, fix: "pulumi config rm --path pipeline.environments.dev.from" },
  { what: "two environments in one stack", changes: pipeline(two({ stack: "dev" })), without: deployed, secrets: hidden, at: "pipeline.environments.prod.stack", received: "as in dev", allowed: /a stack of its own/, fix: "pulumi config set --path pipeline.environments.prod.stack prod" },
  { what: "preview secrets that lack one", changes: pipeline({}, { previewSecrets: { OTHER: canary } }), without: deployed, secrets: hidden, at: "pipeline.environments.dev.previewSecrets.PULUMI_ACCESS_TOKEN", received: "nothing", allowed: /for each name in secrets/, fix: "--secret" },
  { what: "a schedule with six fields", changes: pipeline({ drift: "0 0 6 * * *" }), without: deployed, secrets: hidden, at: "pipeline.drift", received: '"0 0 6 * * *"', allowed: /five fields/, fix: "pulumi config set --path pipeline.drift <value>" },
  { what: "a pipeline's token in plain text", changes: pipeline(), without: deployed, at: "pipeline.environments.dev.secrets.PULUMI_ACCESS_TOKEN", received: "not shown", allowed: /a secret/, fix: "pulumi config set --path pipeline.environments.dev.secrets.PULUMI_ACCESS_TOKEN --secret" },
  { what: "no image tag", changes: {}, without: ["imageTag"], at: "imageTag", received: "nothing", allowed: /a tag of up to 128/, fix: "pulumi config set imageTag v0.0.1" },
  { what: "an empty image tag", changes: { imageTag: "" }, at: "imageTag", received: "nothing", allowed: /a tag/, fix: "pulumi config set imageTag v0.0.1" },
  { what: "an image tag with a space", changes: { imageTag: "v1 beta" }, at: "imageTag", received: '"v1 beta"', allowed: /a tag/, fix: "pulumi config set imageTag v0.0.1" },
  { what: "an image tag with half a digest", changes: { imageTag: "v1@sha256:00" }, at: "imageTag", received: "v1@sha256", allowed: /a tag/, fix: "pulumi config set imageTag v0.0.1" },
  { what: "a tag longer than Docker takes", changes: { imageTag: "v".repeat(129) }, at: "imageTag", received: "vvv...", allowed: /128/, fix: "pulumi config set imageTag v0.0.1" },
  { what: "an app name in upper case", changes: { appName: "Shop" }, at: "appName", received: '"Shop"', allowed: /lower-case/, fix: "pulumi config set appName k8s-demo-go-app" },
  { what: "an app name too long for its Deployment", changes: { appName: "a".repeat(43) }, at: "appName", received: "aaa", allowed: /42/, fix: "pulumi config set appName" },
  { what: "a namespace with a dot", changes: { namespace: "a.b" }, at: "namespace", received: '"a.b"', allowed: /lower-case/, fix: "pulumi config set namespace default" },
  { what: "a repository with a tag", changes: { repository: "shop/web:v1" }, at: "repository", received: '"shop/web:v1"', allowed: /without registry and tag/, fix: "pulumi config set repository" },
  { what: "a repository in upper case", changes: { repository: "Shop/web" }, at: "repository", received: '"Shop/web"', allowed: /lower-case/, fix: "pulumi config set repository" },
  { what: "a registry with a scheme", changes: { registry: { address: "https://ghcr.io" } }, at: "registry.address", received: '"https://ghcr.io"', allowed: /without https/, fix: "pulumi config set --path registry.address <value>" },
  { what: "a registry that is a text", changes: { registry: "ghcr.io" }, at: "registry", received: '"ghcr.io"', allowed: /an object with address/, fix: "pulumi config set --path registry <value>" },
  { what: "an unknown name in registry", changes: { registry: { adress: "ghcr.io" } }, at: "registry.adress", received: '"ghcr.io"', allowed: /one of address/, fix: "pulumi config rm --path registry.adress" },
  { what: "a registry user without a password", changes: { registry: { username: "me" } }, at: "registry.password", received: "nothing", allowed: /both or neither/, fix: "pulumi config set --path registry.password --secret" },
  { what: "a registry password without a user", changes: { registry: { password: canary } }, secrets: ["slipway:registry"], at: "registry.username", received: "nothing", allowed: /both or neither/, fix: "pulumi config set --path registry.username <name>" },
  { what: "a registry password in plain text", changes: { registry: { username: "me", password: canary } }, at: "registry.password", received: "not shown", allowed: /a secret/, fix: "pulumi config set --path registry.password --secret" },
  { what: "a build folder that is not there", changes: { build: { context: "nowhere" } }, at: "build.context", received: '"nowhere"', allowed: /a folder that exists/, fix: "pulumi config set --path build.context app" },
  { what: "a build folder without a Dockerfile", changes: { build: { context: "config" } }, at: "build.dockerfile", received: "config has no Dockerfile", allowed: /a Dockerfile that exists/, fix: "pulumi config set --path build.dockerfile" },
  { what: "a Dockerfile that is not there", changes: { build: { context: "app", dockerfile: "app/Nofile" } }, at: "build.dockerfile", received: '"app/Nofile"', allowed: /a Dockerfile that exists/, fix: "pulumi config set --path build.dockerfile" },
  { what: "a build without a folder", changes: { build: { platform: "linux/amd64" } }, at: "build.context", received: "nothing", allowed: /the folder to build in/, fix: "pulumi config set --path build.context" },
  { what: "a build platform without an architecture", changes: { build: { context: "app", platform: "linux" } }, at: "build.platform", received: '"linux"', allowed: /linux\/amd64/, fix: "pulumi config set --path build.platform <value>" },
  { what: "a build argument that is a number", changes: { build: { context: "app", args: { N: 1 } } }, at: "build.args.N", received: "1", allowed: /quote it/, fix: "pulumi config set --path build.args.N <value>" },
  { what: "an unknown name in build", changes: { build: { context: "app", buildArgs: {} } }, at: "build.buildArgs", received: "{}", allowed: /one of addHosts, args/, fix: "pulumi config rm --path build.buildArgs" },
  { what: "negative replicas", changes: { replicas: "-1" }, at: "replicas", received: "-1", allowed: /from 0 to 1000/, fix: "pulumi config set replicas 1" },
  { what: "replicas in words", changes: { replicas: "many" }, at: "replicas", received: '"many"', allowed: /a whole number/, fix: "pulumi config set replicas 1" },
  { what: "half a replica", changes: { replicas: "1.5" }, at: "replicas", received: "1.5", allowed: /a whole number/, fix: "pulumi config set replicas 1" },
  { what: "port 0", changes: { port: "0" }, at: "port", received: "0", allowed: /from 1 to 65535/, fix: "pulumi config set port 8080" },
  { what: "port 70000", changes: { port: "70000" }, at: "port", received: "70000", allowed: /from 1 to 65535/, fix: "pulumi config set port 8080" },
  { what: "an environment variable with a dash", changes: { env: { "MY-VAR": "x" } }, at: "env.MY-VAR", received: '"x"', allowed: /letters, digits and "_"/, fix: "pulumi config set --path env.MY-VAR <value>" },
  { what: "an environment variable that is a number", changes: { env: { N: 3 } }, at: "env.N", received: "3", allowed: /quote it/, fix: "pulumi config set --path env.N <value>" },
  { what: "secret variables in plain text", changes: { secretEnv: { KEY: canary } }, at: "secretEnv", received: "not shown", allowed: /a secret/, fix: "pulumi config set --path secretEnv.<NAME> --secret" },
  { what: "a secret variable that is a number", changes: { secretEnv: { KEY: 4711 } }, secrets: ["slipway:secretEnv"], at: "secretEnv.KEY", received: "a secret value, not shown", allowed: /quote it/, fix: "pulumi config set --path secretEnv.KEY --secret <value>" },
  { what: "a variable that is secret and not", changes: { env: { A: "1" }, secretEnv: { A: "2" } }, secrets: ["slipway:secretEnv"], at: "env.A", received: "slipway:secretEnv.A", allowed: /one of the two/, fix: "pulumi config rm --path env.A" },
  { what: "an unknown name in container", changes: { container: { readynessProbe: {} } }, at: "container.readynessProbe", received: "{}", allowed: /one of args, command/, fix: "pulumi config rm --path container.readynessProbe" },
  { what: "an image in container", changes: { container: { image: "nginx" } }, at: "container.image", received: '"nginx"', allowed: /no such name/, fix: "pulumi config rm --path container.image" },
  { what: "an unknown name in the Deployment's spec", changes: { deployment: { spec: { replcas: 2 } } }, at: "deployment.spec.replcas", received: "2", allowed: /one of minReadySeconds/, fix: "pulumi config rm --path deployment.spec.replcas" },
  { what: "an unknown name in the pod's spec", changes: { deployment: { spec: { template: { spec: { nodeSelektor: {} } } } } }, at: "deployment.spec.template.spec.nodeSelektor", received: "{}", allowed: /nodeSelector/, fix: "pulumi config rm --path deployment.spec.template.spec.nodeSelektor" },
  { what: "replicas twice", changes: { replicas: "2", deployment: { spec: { replicas: 3 } } }, at: "replicas", received: "slipway:deployment.spec.replicas", allowed: /the same number/, fix: "pulumi config rm --path replicas" },
  { what: "replicas and an autoscaler", changes: { replicas: "2", autoscaler: { spec: { maxReplicas: 3 } } }, at: "replicas", received: "slipway:autoscaler", allowed: /autoscaler decides/, fix: "pulumi config rm --path replicas" },
  { what: "an autoscaler without a bound", changes: { autoscaler: { spec: { minReplicas: 1 } } }, at: "autoscaler.spec.maxReplicas", received: "nothing", allowed: /from 1 to 1000/, fix: "pulumi config set --path autoscaler.spec.maxReplicas <value>" },
  { what: "an autoscaler upside down", changes: { autoscaler: { spec: { minReplicas: 5, maxReplicas: 3 } } }, at: "autoscaler.spec.minReplicas", received: "5", allowed: /at most maxReplicas, which is 3/, fix: "pulumi config set --path autoscaler.spec.minReplicas 3" },
  { what: "a disruption budget with two bounds", changes: { disruptionBudget: { spec: { minAvailable: 1, maxUnavailable: 1 } } }, at: "disruptionBudget.spec.minAvailable", received: "maxUnavailable", allowed: /one bound/, fix: "pulumi config rm" },
  { what: "a Service of an unknown type", changes: { service: { spec: { type: "Public" } } }, at: "service.spec.type", received: '"Public"', allowed: /LoadBalancer/, fix: "pulumi config set --path service.spec.type <value>" },
  { what: "a path without a slash", changes: { verifyPath: "demo" }, at: "verifyPath", received: '"demo"', allowed: /begins with/, fix: "pulumi config set verifyPath /demo" },
  { what: "no cluster at all", changes: {}, without: ["cluster"], at: "cluster", received: "neither slipway:kubeconfig", allowed: /a cluster to create/, fix: "pulumi config set --path cluster.region ams3" },
  { what: "a cluster without a region", changes: { cluster: { name: "x" } }, at: "cluster.region", received: "nothing", allowed: /slug of the region/, fix: "pulumi config set --path cluster.region ams3" },
  { what: "a region that is a city", changes: { cluster: { region: "Amsterdam" } }, at: "cluster.region", received: '"Amsterdam"', allowed: /ams3/, fix: "pulumi config set --path cluster.region <value>" },
  { what: "an unknown name in cluster", changes: cluster({ nodePol: {} }), at: "cluster.nodePol", received: "{}", allowed: /nodePool/, fix: "pulumi config rm --path cluster.nodePol" },
  { what: "a version that is no minor version", changes: cluster({ versionPrefix: "latest" }), at: "cluster.versionPrefix", received: '"latest"', allowed: /such as 1.34/, fix: "pulumi config set --path cluster.versionPrefix <value>" },
  { what: "a version twice", changes: cluster({ version: "1.34.1-do.0", versionPrefix: "1.34" }), at: "cluster.version", received: "slipway:cluster.versionPrefix", allowed: /exact version/, fix: "pulumi config rm --path cluster.version" },
  { what: "a node count in words", changes: cluster({ nodePool: { nodeCount: "two" } }), at: "cluster.nodePool.nodeCount", received: '"two"', allowed: /from 0 to 512/, fix: "pulumi config set --path cluster.nodePool.nodeCount <value>" },
  { what: "autoscaling nodes without bounds", changes: cluster({ nodePool: { autoScale: true } }), at: "cluster.nodePool.autoScale", received: "minNodes not set", allowed: /together with minNodes and maxNodes/, fix: "pulumi config set --path cluster.nodePool.minNodes 1" },
  { what: "autoscaling nodes upside down", changes: cluster({ nodePool: { autoScale: true, minNodes: 3, maxNodes: 2 } }), at: "cluster.nodePool.minNodes", received: "3", allowed: /which is 2/, fix: "pulumi config set --path cluster.nodePool.minNodes 2" },
  { what: "bounds without autoscaling", changes: cluster({ nodePool: { minNodes: 1 } }), at: "cluster.nodePool.minNodes", received: "without autoScale", allowed: /autoScale: true/, fix: "pulumi config set --path cluster.nodePool.autoScale true" },
  { what: "autoscaling and a count", changes: { nodePools: { big: { size: "s-4vcpu-8gb", autoScale: true, minNodes: 1, maxNodes: 2, nodeCount: 2 } } }, at: "nodePools.big.nodeCount", received: "slipway:nodePools.big.autoScale", allowed: /a fixed count/, fix: "pulumi config rm --path nodePools.big.nodeCount" },
  { what: "a node pool without a size", changes: { nodePools: { big: { nodeCount: 1 } } }, at: "nodePools.big.size", received: "nothing", allowed: /Droplet size/, fix: "pulumi config set --path nodePools.big.size <value>" },
  { what: "maintenance on a day that is none", changes: cluster({ maintenancePolicy: { day: "Someday" } }), at: "cluster.maintenancePolicy.day", received: '"Someday"', allowed: /a day of the week/, fix: "pulumi config set --path cluster.maintenancePolicy.day <value>" },
  { what: "maintenance at 25 o'clock", changes: cluster({ maintenancePolicy: { startTime: "25:00" } }), at: "cluster.maintenancePolicy.startTime", received: '"25:00"', allowed: /04:00/, fix: "pulumi config set --path cluster.maintenancePolicy.startTime <value>" },
  { what: "a tag with a space", changes: cluster({ tags: ["a b"] }), at: "cluster.tags[0]", received: '"a b"', allowed: /a tag/, fix: "pulumi config set --path cluster.tags[0] <value>" },
  { what: "protect that is neither", changes: { protect: "maybe" }, at: "protect", received: '"maybe"', allowed: /true or false/, fix: "pulumi config set protect false" },
  { what: "a cluster to create and one that exists", changes: { kubeconfig }, secrets: ["slipway:kubeconfig"], at: "cluster", received: "slipway:kubeconfig", allowed: /uses an existing one/, fix: "pulumi config rm --path cluster" },
  { what: "two existing clusters", changes: { kubeconfig, clusterStack: "o/p/s" }, without: ["cluster"], secrets: ["slipway:kubeconfig"], at: "kubeconfig", received: "slipway:clusterStack", allowed: /one way/, fix: "pulumi config rm --path kubeconfig" },
  { what: "a kubeconfig in plain text", changes: { kubeconfig }, without: ["cluster"], at: "kubeconfig", received: "not shown", allowed: /a secret/, fix: "pulumi config set kubeconfig --secret" },
  { what: "a kubeconfig that is a file's name", changes: { kubeconfig: "~/.kube/config" }, without: ["cluster"], secrets: ["slipway:kubeconfig"], at: "kubeconfig", received: "no YAML map", allowed: /the text of a kubeconfig/, fix: "kubectl config view" },
  { what: "a kubeconfig without its current context", changes: { kubeconfig: kubeconfig.replace("current-context: a", "current-context: b") }, without: ["cluster"], secrets: ["slipway:kubeconfig"], at: "kubeconfig", received: 'current-context "b"', allowed: /current-context/, fix: "kubectl config view" },
  { what: "a stack's short name", changes: { clusterStack: "prod" }, without: ["cluster"], at: "clusterStack", received: '"prod"', allowed: /organization\/project\/stack/, fix: "pulumi config set clusterStack" },
  { what: "node pools for an existing cluster", changes: { clusterStack: "o/p/s", nodePools: { a: { size: "s-1vcpu-2gb" } } }, without: ["cluster"], at: "nodePools", received: "slipway:clusterStack", allowed: /belong to the stack/, fix: "pulumi config rm --path nodePools" },
  { what: "a key that is misspelt", changes: { imagetag: "v1" }, at: "imagetag", received: '"v1"', allowed: /no such key; one of appName/, fix: "pulumi config rm imagetag" },
];

describe("configuration", () => {
  it("takes the least there can be, and fills in the story's values", () => {
    const { config, problems } = check({});
    assert.deepEqual(problems, []);
    assert.deepEqual(config, {
      engine: "pulumi",
      pipeline: undefined,
      imageTag: "v0.0.1",
      appName: "k8s-demo-go-app",
      namespace: "default",
      repository: "juggernaut/k8s-demo-go-app",
      registry: { address: "docker.io" },
      build: undefined,
      replicas: 1,
      port: 8080,
      env: {},
      secretEnv: {},
      container: {},
      deployment: {},
      service: {},
      ingress: undefined,
      autoscaler: undefined,
      disruptionBudget: undefined,
      verifyPath: "/demo",
      cluster: { region: "ams3" },
      nodePools: {},
      protect: true,
      kubeconfig: undefined,
      clusterStack: undefined,
    });
  });

  it("takes an empty value for none", () => {
    const empty = {
      build: {},
      cluster: { region: "ams3" },
      ingress: {},
      kubeconfig: "",
      clusterStack: "",
      registry: {},
    };
    assert.deepEqual(check(empty), check({}));
  });

  it("ignores the configuration of providers", () => {
    const raw = { ...good, "digitalocean:apiEndpoint": "http://127.0.0.1:1" };
    assert.deepEqual(checkConfig(raw, folder, () => false).problems, []);
  });

  for (const { what, changes, without, secrets, at, received, allowed, fix } of badInputs)
    it(`fails for ${what}`, () => {
      const { problems } = check(changes, secrets, without);
      const problem = problems.find((problem) => problem.path === at);
      assert.ok(problem, `no problem at ${at}: ${JSON.stringify(problems)}`);
      assert.ok(problem.received.includes(received), problem.received);
      assert.match(problem.allowed, allowed);
      assert.ok(problem.fix.startsWith(fix) || problem.fix.includes(fix), problem.fix);
      assert.ok(!JSON.stringify(problems).includes(canary), "a secret is shown");
      assert.equal(problems.length, 1, `more than the one problem: ${JSON.stringify(problems)}`);
    });

  it("fails with all problems at once", () => {
    const { problems } = check({
      imageTag: "a b",
      replicas: "x",
      port: "0",
      registry: { adress: "x", address: "https://x" },
    });
    assert.deepEqual(
      problems.map((problem) => problem.path),
      ["imageTag", "registry.address", "registry.adress", "replicas", "port"],
    );
  });
});
