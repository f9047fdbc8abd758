import assert from "node:assert/strict";
import { parse } from "yaml";
import { registryHtpasswd, registryLogin } from "../credentials.ts";
import { registryConfig } from "../registry.ts";

describe("the registry's configuration", () => {
  const open = parse(registryConfig("127.0.0.1:1", "/state/registry")) as Record<string, object>;

  it("listens where it is told, and nowhere else", () => {
    assert.deepEqual(open.http, { addr: "127.0.0.1:1" });
  });

  it("keeps images in the lab's folder, and lets them be deleted", () => {
    assert.deepEqual(open.storage, {
      filesystem: { rootdirectory: "/state/registry" },
      delete: { enabled: true },
    });
  });

  it("asks for a login only where it has a file of them", () => {
    assert.equal(open.auth, undefined);
    const closed = parse(registryConfig("127.0.0.1:1", "/state/registry", "/state/htpasswd")) as typeof open;
    assert.deepEqual(closed.auth, { htpasswd: { realm: "slipway-lab", path: "/state/htpasswd" } });
  });
});

describe("the registry's login", () => {
  it("says of itself that it is no secret", () => {
    assert.match(registryLogin.password, /not-a-secret/);
  });

  it("is one line of bcrypt, the one hash that the registry takes", () => {
    assert.match(registryHtpasswd, /^juggernaut:\$2y\$\d\d\$[./A-Za-z0-9]{53}\n$/);
  });
});
