import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { addUser } from "../github/control.ts";
import { createServer } from "../github/server.ts";
import { State } from "../github/state.ts";
import { addToken } from "../github/tokens.ts";

describe("the lab's GitHub: its memory", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), "slipway-memory-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it("outlives the process, with what git holds", async () => {
    const token = "canary-memory-not-a-secret";
    const start = () => createServer({ folder, keep: true, url: "http://127.0.0.1:9" });
    const call = async ({ app }: ReturnType<typeof start>, method: "GET" | "POST", url: string) => {
      const payload = method === "POST" ? { name: "shop", auto_init: true, title: "One" } : undefined;
      const headers = { authorization: `Bearer ${token}` };
      return (await app.inject({ method, url: `/api/v3${url}`, headers, payload })).json<{ id: number }>();
    };
    const first = start();
    addUser(first.context, { login: "ann" });
    addToken(first.context.state, { token, user: "ann", kind: "classic", scopes: ["repo"] });
    const { id } = await call(first, "POST", "/user/repos");
    await call(first, "POST", "/repos/ann/shop/issues");
    await first.app.close();

    const second = start();
    assert.equal((await call(second, "GET", "/repos/ann/shop")).id, id);
    assert.ok("content" in (await call(second, "GET", "/repos/ann/shop/contents/README.md")));
    const issue = await call(second, "POST", "/repos/ann/shop/issues");
    assert.equal((issue as unknown as { number: number }).number, 2, "numbers go on");
    assert.ok(issue.id > id, "and so do ids");
    await second.app.close();
  });

  it("is for nobody else to read", () => {
    const state = new State(folder);
    state.flush();
    assert.equal(statSync(path.join(folder, "state.json")).mode & 0o777, 0o600);
  });

  it("is written soon after a change", async () => {
    const state = new State(folder);
    state.nextId();
    state.save();
    await new Promise((resolve) => setTimeout(resolve, 200));
    const { lastId } = JSON.parse(readFileSync(path.join(folder, "state.json"), "utf8")) as {
      lastId: number;
    };
    assert.equal(lastId, 1001);
  });

  it("fails with what to do where the file is something else", () => {
    writeFileSync(path.join(folder, "state.json"), "{");
    assert.throws(() => new State(folder), /is not the memory of the lab's GitHub .*delete .* to start anew/);
  });
});
