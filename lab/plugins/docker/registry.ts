import pRetry from "p-retry";
import { hub, type ImageName } from "./imageName.ts";
import type { Login } from "./logins.ts";

const manifestTypes = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];

/** Docker's own rule: plain HTTP on the loopback range only. */
const isLoopback = (host: string) => /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/.test(host);

const origin = (host: string) =>
  host === hub ? "https://registry-1.docker.io" : `${isLoopback(host) ? "http" : "https"}://${host}`;

const basic = ({ username, password }: Login) =>
  `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;

/** What a 401 answer asks for, such as `Bearer realm="https://…",service="…",scope="…"`. */
function challenge(header: string): { scheme: string; parameters: Record<string, string> } {
  const [scheme = "", rest = ""] = header.split(/\s+(.*)/s, 2);
  const parameters = [...rest.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]);
  return { scheme: scheme.toLowerCase(), parameters: Object.fromEntries(parameters) };
}

/** A registry's refusal, in words for the user. */
class RegistryError extends Error {
  readonly status: number;
  constructor(host: string, status: number, about: string) {
    const fix =
      {
        401: "; check the user name and password",
        403: "; this login may not do that",
        405: "; it deletes nothing, so set keepRemotely",
      }[status] ?? "";
    super(`registry ${host}: ${status} for ${about}${fix}`);
    this.status = status;
  }
}

async function authorization(
  answer: Response,
  { host }: ImageName,
  login: Login | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { scheme, parameters } = challenge(answer.headers.get("www-authenticate") ?? "");
  if (scheme === "basic") return login && basic(login);
  if (scheme !== "bearer" || !parameters.realm) return undefined;
  const realm = new URL(parameters.realm);
  if (realm.protocol !== "https:" && !isLoopback(realm.host))
    throw new Error(`registry ${host}: sends logins to ${realm.origin}, which is not encrypted`);
  for (const name of ["service", "scope"])
    if (parameters[name]) realm.searchParams.set(name, parameters[name]);
  const granted = await fetch(realm, { signal, headers: login ? { authorization: basic(login) } : {} });
  if (!granted.ok) throw new RegistryError(host, granted.status, "a token");
  const { token, access_token } = (await granted.json()) as { token?: string; access_token?: string };
  return `Bearer ${token ?? access_token}`;
}

async function ask(
  method: string,
  image: ImageName,
  reference: string,
  login: Login | undefined,
  signal: AbortSignal,
): Promise<Response> {
  const { host, repository } = image;
  const url = `${origin(host)}/v2/${repository}/manifests/${reference}`;
  const request = async (headers: Record<string, string>) => {
    try {
      return await fetch(url, { method, signal, headers: { accept: manifestTypes.join(", "), ...headers } });
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const { message, cause } = error as Error & { cause?: Error };
      throw new Error(`registry ${host} can't be reached: ${cause?.message || message}`);
    }
  };
  return await pRetry(
    async () => {
      let answer = await request({});
      if (answer.status === 401) {
        const granted = await authorization(answer, image, login, signal);
        if (granted) answer = await request({ authorization: granted });
      }
      if (answer.ok || answer.status === 404) return answer;
      throw new RegistryError(host, answer.status, `${repository}:${reference}`);
    },
    {
      retries: 3,
      minTimeout: 500,
      signal,
      shouldRetry: ({ error }) =>
        error instanceof RegistryError && (error.status === 429 || error.status >= 500),
    },
  );
}

/** Digest of what a registry has under an image's name, or undefined if it has no such image. */
export async function manifestDigest(
  image: ImageName,
  login: Login | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  const answer = await ask("HEAD", image, image.reference, login, signal);
  if (answer.status === 404) return undefined;
  const digest = answer.headers.get("docker-content-digest");
  if (!digest) throw new Error(`registry ${image.host}: tells no digest of ${image.repository}`);
  return digest;
}

/** Deletes a manifest, with all its tags. One that is not there is no error. */
export async function deleteManifest(
  image: ImageName,
  digest: string,
  login: Login | undefined,
  signal: AbortSignal,
): Promise<void> {
  await ask("DELETE", image, digest, login, signal);
}
