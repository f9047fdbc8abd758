import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Config } from "../../config";
import { lookUp } from "./registry";
import { imageName, type Release, sameAsDeployed, sameAsThere } from "./release";

export { findImage } from "./registry";

export interface ImageArgs {
  /** Name of the image in the registry, without tag. */
  repository: string;
  /** Release tag. */
  tag: string;
  /** Registry and, where it asks for them, user name and password. */
  registry: Config["registry"];
  /** Arguments of `docker.Image`'s `build`, for an image that is not `found`. */
  build?: Config["build"];
  /** Digest in the registry, where nothing is built: `findImage`. */
  found?: string;
  /** Digest of each release that this stack deployed before, by `repository:tag`. */
  releases: Record<string, string>;
}

/** An app's image in a registry: built and pushed, or found there. Either way it ends in a digest. */
export class Image extends pulumi.ComponentResource {
  /** `registry/repository:tag@digest`. What runs is the digest; the tag is there to be read. */
  readonly reference: pulumi.Output<string>;
  /** `sha256:…` of the manifest. */
  readonly digest: pulumi.Output<string>;
  /** `args.releases`, and this one. */
  readonly releases: pulumi.Output<Record<string, string>>;

  constructor(name: string, args: ImageArgs, opts?: pulumi.ComponentResourceOptions) {
    super("slipway:index:Image", name, {}, opts);
    const { registry, repository, tag } = args;
    const release: Release = { registry: registry.address, repository, tag };
    const key = imageName(release);
    const checked = (digest: string) => sameAsDeployed(release, args.releases[key], digest);

    this.digest = args.found
      ? pulumi.output(checked(args.found))
      : this.build(name, release, args).apply(checked);
    this.reference = pulumi.interpolate`${imageName(release)}@${this.digest}`;
    this.releases = this.digest.apply((found) => ({ ...args.releases, [key]: found }));
    this.registerOutputs({ reference: this.reference, digest: this.digest, releases: this.releases });
  }

  /** Builds, checks that the registry has nothing else under the tag, pushes. */
  private build(name: string, release: Release, args: ImageArgs): pulumi.Output<string> {
    const { address, username, password } = args.registry;
    const provider = new docker.Provider(
      name,
      {
        // Only a build needs an engine; it fails by itself where there is none.
        disableDockerDaemonCheck: true,
        registryAuth: username ? [{ address, username, password: pulumi.secret(password as string) }] : [],
      },
      { parent: this },
    );
    const child = { parent: this, provider };
    const build = args.build as docker.types.input.DockerBuild;
    const built = new docker.Image(
      name,
      {
        imageName: imageName(release),
        // A Dockerfile that declares ARG VERSION knows its release; any other ignores it.
        build: { ...build, args: { VERSION: release.tag, ...(build.args as object | undefined) } },
        skipPush: true,
      },
      child,
    );
    // For an image that is not pushed, `repoDigest` is the engine's image id.
    const checked = pulumi.all([built.repoDigest, built.imageName]).apply(async ([id, pushName]) => {
      sameAsThere(release, await lookUp(release, args.registry), id);
      return pushName;
    });
    const pushed = new docker.RegistryImage(
      name,
      // A release outlives the stack that pushed it.
      { name: checked, keepRemotely: true, triggers: { image: built.repoDigest } },
      { ...child, dependsOn: built },
    );
    return pushed.sha256Digest;
  }
}
