import assert from "node:assert/strict";
import { compareVersions, upgradesOf } from "../digitalocean/catalogue.ts";
import { clusterRequest, emulator } from "./digitaloceanEmulator.ts";
import { assertDescribed } from "./digitaloceanDescription.ts";

describe("emulated DigitalOcean: options, account, regions, sizes", () => {
  it("offers versions, the newest first, regions and sizes for nodes", async () => {
    const { expect } = emulator();
    const { options } = await expect<{
      options: Record<"versions" | "regions" | "sizes", { slug: string }[]>;
    }>(200, "GET", "/v2/kubernetes/options");
    const slugs = options.versions.map((version) => version.slug);
    assert.equal(slugs[0], "1.34.10-do.0");
    assert.deepEqual(slugs, slugs.toSorted(compareVersions).reverse());
    assert.ok(options.regions.some((region) => region.slug === "fra1"));
    assert.ok(options.sizes.some((size) => size.slug === "s-1vcpu-2gb"));
    assert.ok(!options.sizes.some((size) => size.slug === "s-1vcpu-1gb"), "too small for a node");
  });

  it("knows the account, its default project, regions and sizes", async () => {
    const { expect } = emulator();
    const { account } = await expect<{ account: { status: string } }>(200, "GET", "/v2/account");
    assert.equal(account.status, "active");
    const { project } = await expect<{ project: { is_default: boolean } }>(
      200,
      "GET",
      "/v2/projects/default",
    );
    assert.equal(project.is_default, true);
    const { regions } = await expect<{ regions: { slug: string }[] }>(200, "GET", "/v2/regions?per_page=200");
    assert.ok(regions.some((region) => region.slug === "nyc1"));
    const { sizes } = await expect<{ sizes: Record<string, unknown>[] }>(200, "GET", "/v2/sizes");
    const size = sizes.find((candidate) => candidate.slug === "s-1vcpu-2gb");
    assert.deepEqual([size?.price_monthly, size?.price_hourly, size?.memory], [12, 0.01786, 2048]);
  });

  it("orders versions by number, and goes up one minor version at a time", () => {
    assert.ok(compareVersions("1.9.10-do.0", "1.34.2-do.0") < 0);
    assert.ok(compareVersions("1.34.2-do.0", "1.34.2-do.1") < 0);
    assert.equal(compareVersions("1.34.2-do.0", "1.34.2-do.0"), 0);
    const offered = ["1.34.2-do.0", "1.33.6-do.1", "1.32.10-do.0"];
    assert.deepEqual(upgradesOf("1.32.9-do.0", offered), ["1.33.6-do.1", "1.32.10-do.0"]);
    assert.deepEqual(upgradesOf("1.34.2-do.0", offered), []);
  });

  it("answers paths that are not there with 404", async () => {
    const { app } = emulator();
    const { digitaloceanToken } = await import("../credentials.ts");
    const headers = { authorization: `Bearer ${digitaloceanToken}` };
    for (const [method, url] of [
      ["GET", "/v2/droplets"],
      ["PATCH", "/v2/account"],
      ["GET", "/"],
    ] as const) {
      const answer = await app.inject({ method, url, headers });
      assert.equal(answer.statusCode, 404);
      assert.equal(answer.json<{ id: string }>().id, "not_found");
    }
  });
});

describe("emulated DigitalOcean: tags", () => {
  interface One {
    tag: { name: string; resources: Record<string, unknown> };
  }

  it("are made, shown, given to resources, taken away and deleted", async () => {
    const { expect } = emulator();
    assert.equal((await expect<One>(201, "POST", "/v2/tags", { name: "web" })).tag.name, "web");
    await expect(201, "POST", "/v2/tags", { name: "web" });
    const resources = [
      { resource_id: "1", resource_type: "droplet" },
      { resource_id: "2", resource_type: "volume" },
    ];
    await expect(204, "POST", "/v2/tags/web/resources", { resources });
    await expect(204, "POST", "/v2/tags/web/resources", { resources });
    const { tag } = await expect<One>(200, "GET", "/v2/tags/web");
    assert.deepEqual(tag.resources, {
      count: 2,
      droplets: { count: 1 },
      images: { count: 0 },
      volumes: { count: 1 },
      volume_snapshots: { count: 0 },
      databases: { count: 0 },
    });
    await expect(204, "DELETE", "/v2/tags/web/resources", { resources: resources.slice(0, 1) });
    assert.equal((await expect<One>(200, "GET", "/v2/tags/web")).tag.resources.count, 1);
    await expect(204, "DELETE", "/v2/tags/web");
    await expect(404, "GET", "/v2/tags/web");
  });

  it("fail for bad names, other kinds of resources and tags that are not there", async () => {
    const { expect } = emulator();
    await expect(422, "POST", "/v2/tags", { name: "a b" });
    await expect(404, "POST", "/v2/tags/none/resources", { resources: [] });
    await expect(404, "DELETE", "/v2/tags/none");
    await expect(404, "GET", "/v2/tags/__proto__");
    await expect(201, "POST", "/v2/tags", { name: "web" });
    await expect(422, "POST", "/v2/tags/web/resources", { resources: [] });
    const resources = [{ resource_id: "1", resource_type: "kubernetes" }];
    await expect(422, "POST", "/v2/tags/web/resources", { resources });
  });

  it("come with clusters and go from them", async () => {
    const { expect, runningCluster } = emulator();
    const { id } = await runningCluster({ ...clusterRequest, tags: ["team"] });
    await expect(200, "GET", "/v2/tags/team");
    await expect(204, "DELETE", "/v2/tags/team");
    const { kubernetes_cluster } = await expect<{ kubernetes_cluster: { tags: string[] } }>(
      200,
      "GET",
      `/v2/kubernetes/clusters/${id}`,
    );
    assert.deepEqual(kubernetes_cluster.tags, ["k8s", `k8s:${id}`]);
  });

  it("are listed by pages, with links to the others", async () => {
    const { expect } = emulator();
    for (let i = 0; i < 25; i++)
      await expect(201, "POST", "/v2/tags", { name: `t${String(i).padStart(2, "0")}` });
    interface Page {
      tags: { name: string }[];
      links: { pages?: Record<string, string> };
      meta: { total: number };
    }
    const first = await expect<Page>(200, "GET", "/v2/tags");
    assert.deepEqual([first.tags.length, first.meta.total], [20, 25]);
    assert.deepEqual(Object.keys(first.links.pages ?? {}), ["next", "last"]);
    const names: string[] = [];
    for (let url: string | undefined = "/v2/tags?per_page=10"; url;) {
      const page: Page = await expect<Page>(200, "GET", url);
      names.push(...page.tags.map((tag) => tag.name));
      const next: string | undefined = page.links.pages?.next;
      url = next && new URL(next).pathname + new URL(next).search;
    }
    assert.deepEqual([names.length, names[0], names[24]], [25, "t00", "t24"]);
    const middle = await expect<Page>(200, "GET", "/v2/tags?per_page=10&page=2");
    assert.deepEqual(Object.keys(middle.links.pages ?? {}), ["first", "prev", "next", "last"]);
    assert.match(middle.links.pages?.next ?? "", /^http:\/\/.+\/v2\/tags\?per_page=10&page=3$/);
    assert.equal((await expect<Page>(200, "GET", "/v2/tags?per_page=1000")).tags.length, 25);
  });
});

describe("the description that answers are held to", () => {
  const answer = { method: "GET", path: "/v2/account/keys/1", status: 200 };
  const key = { id: 1, fingerprint: "a", public_key: "b", name: "c" };

  it("lets a right answer pass", () =>
    assertDescribed({ ...answer, body: JSON.stringify({ ssh_key: key }) }));

  for (const [what, wrong, message] of [
    [
      "a field that is not in it",
      { ssh_key: { ...key, extra: 1 } },
      /ssh_key.extra is not in the description/,
    ],
    ["a value of another type", { ssh_key: { ...key, name: 1 } }, /ssh_key.name must be a string, got 1/],
    ["an object where a list is wanted", { ssh_key: [] }, /must be an object/],
    ["a missing field", { ssh_key: { ...key, name: undefined } }, /lacks/],
  ] as const)
    it(`fails ${what}`, () =>
      assert.throws(() => assertDescribed({ ...answer, body: JSON.stringify(wrong) }), message));

  it("fails a path or a method that is not in it", () => {
    assert.throws(
      () => assertDescribed({ ...answer, path: "/v2/nothing", body: "" }),
      /not in the description/,
    );
    assert.throws(() => assertDescribed({ ...answer, method: "PATCH", body: "" }), /not in the description/);
  });

  it("fails a body where none belongs", () => {
    const deleted = { method: "DELETE", path: "/v2/tags/x", status: 204 };
    assertDescribed({ ...deleted, body: "" });
    assert.throws(() => assertDescribed({ ...deleted, body: "{}" }), /no body/);
  });
});
