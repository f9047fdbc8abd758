/**
 * Holds answers to DigitalOcean's published OpenAPI description. No package registry carries the
 * description itself; @digitalocean/dots is generated from it, and its readers name every field, with its
 * type and enumeration, of every answer of every path. They are run here by a reader that forgives nothing.
 */
import assert from "node:assert/strict";

type Fields = Record<string, (node: StrictNode) => void>;
type Factory = (node: StrictNode) => (instance?: object) => Fields;
interface Operation {
  uriTemplate: string;
  adapterMethodName: string;
  responseBodyFactory?: Factory | string;
  errorMappings: Record<string, Factory>;
}
type Operations = Record<string, Operation>;
interface Navigation {
  requestsMetadata?: Operations;
  navigationMetadata?: Record<string, Navigation>;
}

/** Fields that the description has and an answer may lack, by the end of their path. */
const optional = [
  // Add-ons of a cluster that nobody asked for, and what needs an invitation.
  /kubernetes_clusters?(\.\d+)?\.(\w+_plugin|cluster_autoscaler_configuration|control_plane_firewall|coredns_autoscaler|routing_agent|sso|registries|worker_subnet_uuid)$/,
  /control_plane_firewall\.allowed_addresses$/,
  /cluster_autoscaler_configuration\.\w+$/,
  /status\.message$/,
  /sizes\.\d+\.(disk_info|gpu_info)$/,
  /links\.pages(\.\w+)?$/,
  /\.last_tagged_uri$/,
  // The description's own slip of the pen; DigitalOcean, and its Go client, say `images`.
  /\.imgages$/,
];
const misspelt = /\.resources\.images$/;

class StrictNode {
  readonly #value: unknown;
  readonly #path: string;
  onBeforeAssignFieldValues = undefined;
  onAfterAssignFieldValues = undefined;

  constructor(value: unknown, path: string) {
    this.#value = value;
    this.#path = path;
  }

  #hold(condition: boolean, expected: string): void {
    assert.ok(condition, `${this.#path} must be ${expected}, got ${JSON.stringify(this.#value)}`);
  }
  #holdString(pattern: RegExp, expected: string): void {
    this.#hold(typeof this.#value === "string" && pattern.test(this.#value), expected);
  }
  #items(): StrictNode[] {
    this.#hold(Array.isArray(this.#value), "an array");
    return (this.#value as unknown[]).map((item, i) => new StrictNode(item, `${this.#path}.${i}`));
  }

  getStringValue(): void {
    this.#holdString(/^/, "a string");
  }
  getBooleanValue(): void {
    this.#hold(typeof this.#value === "boolean", "a boolean");
  }
  getNumberValue(): void {
    this.#hold(typeof this.#value === "number", "a number");
  }
  getGuidValue(): void {
    this.#holdString(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "a UUID");
  }
  getDateValue(): void {
    this.#holdString(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, "a time in ISO 8601");
  }
  getByteArrayValue(): void {
    this.#holdString(/^[A-Za-z0-9+/]+={0,2}$/, "base64");
  }
  getEnumValue(values: Record<string, string>): void {
    this.#hold(
      Object.values(values).includes(this.#value as string),
      `one of ${Object.values(values).join(", ")}`,
    );
  }
  getCollectionOfPrimitiveValues(): void {
    for (const item of this.#items()) item.getStringValue();
  }
  getCollectionOfEnumValues(values: Record<string, string>): void {
    for (const item of this.#items()) item.getEnumValue(values);
  }
  getCollectionOfObjectValues(factory: Factory): void {
    for (const item of this.#items()) item.read((node) => node.getObjectValue(factory));
  }

  /** Alternatives of the object's type, each tried in its turn because none returns a value. */
  #alternatives: Fields[] = [];
  getObjectValue(factory: Factory): void {
    this.#alternatives.push(factory(this)({}));
  }

  /** Reads this node by a generated reader, and then its fields. */
  read(reader: (node: StrictNode) => void): void {
    if (this.#value === null) return;
    reader(this);
    if (!this.#alternatives.length) return;
    this.#hold(typeof this.#value === "object" && !Array.isArray(this.#value), "an object");
    const known = Object.assign({}, ...this.#alternatives) as Fields;
    // A type without fields is a free map, such as the labels of a node pool.
    if (!Object.keys(known).length) return;
    for (const [name, value] of Object.entries(this.#value as object)) {
      const path = `${this.#path}.${name}`;
      const field = misspelt.test(path) ? known.imgages : known[name];
      assert.ok(field, `${path} is not in the description`);
      new StrictNode(value, path).read(field);
    }
    const missing = Object.keys(known)
      .filter((name) => !Object.hasOwn(this.#value as object, name))
      .map((name) => `${this.#path}.${name}`)
      .filter((path) => !optional.some((pattern) => pattern.test(path)));
    assert.deepEqual(missing, [], "fields of the description that the answer lacks");
  }
}

const dots = async (module: string) =>
  (await import(`@digitalocean/dots/src/dots/${module}/index.js`)) as Record<
    string,
    Operations & Record<string, Navigation>
  >;

const described: { pattern: RegExp; operations: Operations }[] = [];
function add(operations: Operations): void {
  const template = Object.values(operations)[0]?.uriTemplate ?? "";
  const path = template.replace("{+baseurl}", "").replace(/\{\?.*$/, "");
  described.push({ pattern: new RegExp(`^${path.replace(/\{\w+\}/g, "[^/]+")}$`), operations });
}
function walk(navigation: Navigation): void {
  if (navigation.requestsMetadata) add(navigation.requestsMetadata);
  for (const child of Object.values(navigation.navigationMetadata ?? {})) walk(child);
}
for (const name of ["v2/kubernetes", "v2/tags", "v2/account", "v2/regions", "v2/sizes", "v2/projects"])
  for (const [symbol, value] of Object.entries(await dots(name))) {
    if (symbol.endsWith("RequestsMetadata")) add(value);
    if (symbol.endsWith("NavigationMetadata")) walk({ navigationMetadata: value });
  }
// A fixed path before one with a parameter in the same place.
described.sort((a, b) => a.pattern.source.split("[^/]+").length - b.pattern.source.split("[^/]+").length);

/** An answer of the emulator. */
export interface Answer {
  method: string;
  /** Without the query. */
  path: string;
  status: number;
  body: string;
}

/** Fails unless the answer is one that the description has for this method and path. */
export function assertDescribed({ method, path, status, body }: Answer): void {
  const operation = described.find(({ pattern }) => pattern.test(path))?.operations[method.toLowerCase()];
  assert.ok(operation, `${method} ${path} is not in the description`);
  const failed = status >= 400;
  const factory = failed
    ? (operation.errorMappings[status] ?? operation.errorMappings.XXX)
    : operation.responseBodyFactory;
  if (typeof factory === "function") {
    new StrictNode(JSON.parse(body), `${method} ${path} ${status}`).read((node) =>
      node.getObjectValue(factory),
    );
  } else if (operation.adapterMethodName === "sendNoResponseContent") {
    assert.equal(body, "", `${method} ${path} ${status} has no body in the description`);
  } else {
    assert.equal(
      operation.adapterMethodName,
      "sendPrimitive",
      `${method} ${path} ${status} is not in the description`,
    );
  }
}
