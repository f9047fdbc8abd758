import assert from "node:assert/strict";
import { differences } from "../plugins/provider/diff.ts";
import { inputsOf, known, previewed, type Schema } from "../plugins/provider/schema.ts";
import { receive, send, unknown, type Properties } from "../plugins/provider/values.ts";

const schema: Schema = {
  region: { type: "string", required: true, replaces: true },
  subnet: { type: "string", computed: true },
  count: { type: "number", unnoticed: ({ scaled }) => scaled === true },
  scaled: { type: "boolean", default: false },
  labels: { type: { map: "string" } },
  tags: { type: { set: "string" } },
  steps: { type: { list: "string" } },
  pool: {
    type: { object: { size: { type: "string", replaces: true }, id: { type: "string", output: true } } },
  },
  url: { type: "string", output: true },
};
const paths = (state: Properties, inputs: Properties, oldInputs: Properties = inputs) =>
  differences(schema, state, inputs, oldInputs).map(({ path, kind }) => `${kind} ${path}`);

describe("stand-in providers: values", () => {
  it("carries secrets and unknown values there and back, at any depth", () => {
    const values: Properties = { a: [{ b: "canary" }], c: unknown, d: null, e: { f: 1.5, g: true } };
    const message = send(values, ["/a/0/b", "/e"]);
    assert.deepEqual(message.toJavaScript(), {
      a: [{ b: { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value: "canary" } }],
      c: "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
      d: null,
      e: {
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        value: { f: 1.5, g: true },
      },
    });
    assert.deepEqual(receive(message), { values, secrets: ["/a/0/b", "/e"] });
  });

  it("reads output values, known or not", () => {
    const output = { "4dabf18193072939515e22adb298388d": "d0e6a833031e9bbcd3f4e8bde6ca49a4" };
    const message = send({ a: { ...output, value: 1, secret: true }, b: output });
    assert.deepEqual(receive(message), { values: { a: 1, b: unknown }, secrets: ["/a"] });
  });

  it("is empty where nothing was sent", () => {
    assert.deepEqual(receive(undefined), { values: {}, secrets: [] });
  });
});

describe("stand-in providers: differences", () => {
  it("takes a set in any order for the same, a list not", () => {
    assert.deepEqual(paths({ tags: ["a", "b"] }, { tags: ["b", "a"] }), []);
    assert.deepEqual(paths({ steps: ["a", "b"] }, { steps: ["b", "a"] }), [
      "update steps[0]",
      "update steps[1]",
    ]);
  });

  it("names keys of maps as the engine reads them", () => {
    const [state, inputs] = [{ labels: { a: "1", "b/c": "2" } }, { labels: { a: "2", "d.e": "3" } }];
    assert.deepEqual(paths(state, inputs), ["update labels.a", 'delete labels["b/c"]', 'add labels["d.e"]']);
  });

  it("is none in what the cloud chose, nor in what a neighbour makes meaningless", () => {
    assert.deepEqual(paths({ subnet: "10.0.0.0/8", url: "x" }, {}), []);
    assert.deepEqual(paths({ subnet: "10.0.0.0/8" }, {}, { subnet: "10.0.0.0/8" }), []);
    assert.deepEqual(paths({ count: 1, scaled: true }, { count: 2, scaled: true }), []);
    assert.deepEqual(paths({ count: 1, scaled: false }, { count: 2, scaled: false }), ["update count"]);
  });

  it("is one in what a program no longer gives", () => {
    assert.deepEqual(paths({ labels: { a: "1" } }, {}, { labels: { a: "1" } }), ["delete labels"]);
    assert.deepEqual(paths({ labels: {} }, {}, { labels: { a: "1" } }), []);
  });

  it("replaces for a nested property alone", () => {
    const change = differences(schema, { pool: { size: "s", id: "1" } }, { pool: { size: unknown } }, {});
    assert.deepEqual(change, [{ path: "pool.size", kind: "update", replaces: true }]);
  });
});

describe("stand-in providers: schema", () => {
  it("previews as unknown what the cloud will choose, and keeps what it chose", () => {
    assert.deepEqual(previewed(schema, { region: "a", pool: { size: "s" } }), {
      region: "a",
      subnet: unknown,
      pool: { size: "s", id: unknown },
      url: unknown,
    });
    const old = { region: "b", subnet: "n", count: 3, pool: { size: "r", id: "1" }, url: "u" };
    assert.deepEqual(previewed(schema, { region: "a", pool: { size: "s" } }, old), {
      region: "a",
      subnet: "n",
      pool: { size: "s", id: "1" },
      url: "u",
    });
  });

  it("makes inputs of a state: those there were, or in an import all that are no defaults", () => {
    const state = { region: "a", subnet: "n", scaled: false, pool: { size: "s", id: "1" }, url: "u" };
    assert.deepEqual(inputsOf(schema, state, { region: "b", __defaults: ["x"] }), {
      region: "a",
      __defaults: ["x"],
    });
    assert.deepEqual(inputsOf(schema, state, {}), {
      __defaults: [],
      region: "a",
      subnet: "n",
      pool: { __defaults: [], size: "s" },
    });
  });

  it("reads the provider's config, which comes as JSON text, and leaves what is none", () => {
    const config = { region: "1", count: "2", scaled: "true", tags: '["a"]', steps: "[", version: "4.0.0" };
    assert.deepEqual(known(schema, config), {
      region: "1",
      count: 2,
      scaled: true,
      tags: ["a"],
      steps: "[",
    });
  });
});
