/** Names by which Docker Hub is known, beside `docker.io`. */
const hubNames = new Set(["index.docker.io", "registry-1.docker.io", "registry.hub.docker.com"]);

/** Docker Hub, as image names begin with it. */
export const hub = "docker.io";

/** A registry's host as image names begin with it, of an address such as `https://index.docker.io/v1/`. */
export function registryHost(address: string): string {
  const host = address.replace(/^https?:\/\//, "").split("/", 1)[0] as string;
  return hubNames.has(host) ? hub : host;
}

/** An image's name in its parts. */
export interface ImageName {
  /** `docker.io` if the name has none. */
  host: string;
  /** As the registry's API has it; Docker Hub's own images are below `library/`. */
  repository: string;
  /** Tag or digest; `latest` if the name has none. */
  reference: string;
  /** The name without tag and digest, as it was given. */
  bare: string;
}

/** Takes a name such as `127.0.0.1:5000/app:v1` apart, by the rules of Docker's reference grammar. */
export function parseImageName(name: string): ImageName {
  const [path = "", digest] = name.split("@", 2);
  const tag = /:([^:/]+)$/.exec(path)?.[1];
  const bare = tag === undefined ? path : path.slice(0, -tag.length - 1);
  const first = bare.split("/", 1)[0] as string;
  const hasHost = bare.includes("/") && (/[.:]/.test(first) || first === "localhost");
  const host = hasHost ? registryHost(first) : hub;
  const rest = hasHost ? bare.slice(first.length + 1) : bare;
  const repository = host === hub && !rest.includes("/") ? `library/${rest}` : rest;
  return { host, repository, reference: digest ?? tag ?? "latest", bare };
}
