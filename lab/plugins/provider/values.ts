import struct from "google-protobuf/google/protobuf/struct_pb.js";

/** Signatures by which the engine marks special values, as in pulumi/sdk/nodejs/runtime/rpc.ts. */
const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const outputSignature = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
const unknownText = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Stands for a value that is known only after an update. */
export const unknown: unique symbol = Symbol("known after the update");

/** A property's value. */
export type Value = null | string | number | boolean | typeof unknown | Value[] | { [key: string]: Value };
/** A resource's properties. */
export type Properties = Record<string, Value>;

/** Properties as the engine sent them. */
export interface Received {
  values: Properties;
  /** Where secrets stood, such as `/nodePool/tags/0`; the values themselves are bare. */
  secrets: string[];
}

/** Whether a value is an object, of which unknown values, lists and null are none. */
export const isObject = (value: unknown): value is Properties =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function bare(raw: unknown, path: string, secrets: string[]): Value {
  if (raw === unknownText) return unknown;
  if (Array.isArray(raw)) return raw.map((item, index) => bare(item, `${path}/${index}`, secrets));
  if (!isObject(raw)) return raw as Value;
  const signature = raw[signatureKey];
  if (signature === secretSignature || (signature === outputSignature && raw.secret === true))
    secrets.push(path);
  if (signature === secretSignature) return bare(raw.value, path, secrets);
  if (signature === outputSignature) return "value" in raw ? bare(raw.value, path, secrets) : unknown;
  return Object.fromEntries(
    Object.entries(raw).map(([key, value]) => [key, bare(value, `${path}/${key}`, secrets)]),
  );
}

/** Reads properties that the engine sent; none are an empty object. */
export function receive(message: struct.Struct | undefined): Received {
  const secrets: string[] = [];
  return { values: bare(message?.toJavaScript() ?? {}, "", secrets) as Properties, secrets };
}

function marked(
  value: Value | undefined,
  path: string,
  secrets: ReadonlySet<string>,
): struct.JavaScriptValue {
  let raw: struct.JavaScriptValue;
  if (value === unknown) raw = unknownText;
  else if (Array.isArray(value)) raw = value.map((item, index) => marked(item, `${path}/${index}`, secrets));
  else if (isObject(value))
    raw = Object.fromEntries(
      Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => [key, marked(item, `${path}/${key}`, secrets)]),
    );
  else raw = value ?? null;
  return secrets.has(path) ? { [signatureKey]: secretSignature, value: raw } : raw;
}

/** Properties as the engine reads them, with what stands at `secrets` marked as secret. */
export function send(values: Properties, secrets: readonly string[] = []): struct.Struct {
  return struct.Struct.fromJavaScript(
    marked(values, "", new Set(secrets)) as Record<string, struct.JavaScriptValue>,
  );
}
