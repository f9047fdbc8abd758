import type { PipelineOptions } from "../components/pipeline/options";
import type { Problem } from "./problems";
import type { Config } from "./schema";

/** Names of the secrets that a deploy can't do without, as its state backend wants them. */
export function backendSecrets(backend: string): string[] {
  if (/^https?:/.test(backend)) return ["PULUMI_ACCESS_TOKEN"];
  const keys = backend.startsWith("s3:") ? ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] : [];
  return ["PULUMI_CONFIG_PASSPHRASE", ...keys];
}

function environments({ environments, engine, backend }: PipelineOptions): Problem[] {
  const problems: Problem[] = [];
  const names = Object.keys(environments);
  for (const [name, environment] of Object.entries(environments)) {
    const at = `pipeline.environments.${name}`;
    const { from, secrets, previewSecrets } = environment;
    if (from !== undefined && (from === name || !names.includes(from)))
      problems.push({
        path: `${at}.from`,
        received: JSON.stringify(from),
        allowed: `another environment: ${names.filter((other) => other !== name).join(", ") || "there is none yet"}`,
        fix: `pulumi config set --path ${at}.from <environment>`,
      });
    const twin = names.find((other) => other < name && environments[other]?.stack === environment.stack);
    if (twin)
      problems.push({
        path: `${at}.stack`,
        received: `${JSON.stringify(environment.stack)}, as in ${twin}`,
        allowed: "a stack of its own for each environment",
        fix: `pulumi config set --path ${at}.stack ${name}`,
      });
    const needed = engine === "pulumi" ? backendSecrets(backend) : [];
    for (const secret of needed.filter((needed) => !(needed in secrets)))
      problems.push({
        path: `${at}.secrets.${secret}`,
        received: "nothing",
        allowed: `a secret that deploys need for the state in ${backend.replace(/[?].*/, "")}`,
        fix: `pulumi config set --path ${at}.secrets.${secret} --secret`,
      });
    for (const secret of previewSecrets ? Object.keys(secrets) : [])
      if (!(secret in (previewSecrets ?? {})))
        problems.push({
          path: `${at}.previewSecrets.${secret}`,
          received: "nothing",
          allowed: "previewSecrets has a value for each name in secrets",
          fix: `pulumi config set --path ${at}.previewSecrets.${secret} --secret`,
        });
  }
  const reached = new Set(names.filter((name) => environments[name]?.from === undefined));
  for (let round = 0; round < names.length; round++)
    for (const name of names) if (reached.has(environments[name]?.from ?? name)) reached.add(name);
  const unreached = names.filter((name) => !reached.has(name));
  if (unreached.length > 0 && problems.every((problem) => !problem.path.endsWith(".from")))
    problems.push({
      path: `pipeline.environments.${unreached[0]}.from`,
      received: `a circle: ${unreached.join(", ")}`,
      allowed: "a way from an environment without from, which gets each release, to every other one",
      fix: `pulumi config rm --path pipeline.environments.${unreached[0]}.from`,
    });
  return problems;
}

function repositories({ app, config }: PipelineOptions): Problem[] {
  if (app.repository.toLowerCase() !== config.repository.toLowerCase()) return [];
  return [
    {
      path: "pipeline.config.repository",
      received: `${JSON.stringify(config.repository)}, as pipeline.app.repository`,
      allowed: "a repository of its own, so that the app's repository holds no credential of a cluster",
      fix: "pulumi config set --path pipeline.config.repository <owner/name>",
    },
  ];
}

/** Keys that belong to a stack that deploys the app, and make no sense in one that wires the pipeline. */
const deployKeys = ["imageTag", "build", "cluster", "kubeconfig", "clusterStack"] as const;

/** What is wrong between the key `pipeline` and others, and within it. */
export function pipelineChecks(config: Partial<Config>): Problem[] {
  const { pipeline, imageTag } = config;
  if (!pipeline)
    return imageTag
      ? []
      : [
          {
            path: "imageTag",
            received: "nothing",
            allowed: 'a tag of up to 128 letters, digits, "_", "." and "-": the release to run',
            fix: "pulumi config set imageTag v0.0.1",
          },
        ];
  // Half a configuration has been told of already.
  const whole = pipeline.app && pipeline.config && pipeline.environments;
  return [
    ...deployKeys
      .filter((key) => config[key] !== undefined && config[key] !== "")
      .map((key) => ({
        path: key,
        received: "set, as is slipway:pipeline",
        allowed:
          "one of the two: the pipeline is wired by a stack of its own, because its GitHub token may do more than a deploy should",
        fix: `pulumi config rm ${key}, or pulumi config rm pipeline`,
      })),
    ...(whole ? [...environments(pipeline), ...repositories(pipeline)] : []),
  ];
}
