import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A digest of one repeated character. */
export const sha = (character: string) => `sha256:${character.repeat(64)}`;

const manifestType = "application/vnd.docker.distribution.manifest.v2+json";
const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: manifestType,
  config: { mediaType: "application/vnd.docker.container.image.v1+json", size: 1, digest: sha("c") },
  layers: [],
});

/** Digest of the only image there is. */
export const manifestDigest = `sha256:${createHash("sha256").update(manifest).digest("hex")}`;

export interface FakeRegistry {
  address: string;
  /** The authorization header of each request. */
  authorizations: (string | undefined)[];
  close(): void;
}

/**
 * A registry that has `shop/web:v1`, and `private/web:v1` for who logs in; both with the image
 * configuration `sha("c")`. `broken/…` is an internal error.
 */
export async function startRegistry(): Promise<FakeRegistry> {
  const authorizations: FakeRegistry["authorizations"] = [];
  const server = createServer((request, response) => {
    authorizations.push(request.headers.authorization);
    if (request.url === "/v2/private/web/manifests/v1" && !request.headers.authorization) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="test"' }).end();
    } else if (
      new RegExp(`^/v2/(shop|private)/web/manifests/(v1|${manifestDigest})$`).test(request.url ?? "")
    ) {
      response.writeHead(200, { "content-type": manifestType }).end(manifest);
    } else if (request.url?.startsWith("/v2/broken/")) {
      response.writeHead(500).end();
    } else {
      response
        .writeHead(404, { "content-type": "application/json" })
        .end('{"errors":[{"code":"MANIFEST_UNKNOWN"}]}');
    }
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    authorizations,
    close: () => void server.close(),
  };
}
