import type * as grpc from "@grpc/grpc-js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import { checkFailures, diffResponse, unary } from "./answers.ts";
import { differences } from "./diff.ts";
import type { EngineLog } from "./engineLog.ts";
import { Unfinished, type Call, type Provider, type Resource } from "./provider.ts";
import {
  findFailures,
  known,
  plain,
  inputsOf,
  previewed,
  secretOutputs,
  withDefaults,
  withName,
} from "./schema.ts";
import { receive, send, type Properties } from "./values.ts";

/** Whether `ignoreChanges` names the path or what it is part of. */
const isIgnored = (path: string, ignored: readonly string[]) =>
  ignored.some((prefix) => path === prefix || path.startsWith(`${prefix}.`) || path.startsWith(`${prefix}[`));

/** Whether a new resource may only come after the old one: both would have the same given name. */
const bearsSameName = (inputs: Properties, state: Properties) =>
  typeof inputs.name === "string" &&
  inputs.name === state.name &&
  !(inputs.__defaults as string[] | undefined)?.includes("name");

/** Aborted after that many seconds, with a reason for the user. */
function after(seconds: number): AbortSignal {
  const late = new AbortController();
  const reason = new Error(`not done after ${seconds} s, the resource's customTimeouts`);
  setTimeout(() => late.abort(reason), seconds * 1000).unref();
  return late.signal;
}

/** The ResourceProvider service of a provider, for grpc-js. */
export function handlersOf<Client>(
  provider: Provider<Client>,
  log: EngineLog,
): grpc.UntypedServiceImplementation {
  const interrupted = new AbortController();
  let client: Client | undefined;

  const configured = (): Client => {
    if (client === undefined) throw new Error(`${provider.name} (stand-in): used before it was configured`);
    return client;
  };
  const call = (urn: string, timeout = 0): Call => ({
    // Seconds; 0 is no limit.
    signal: timeout ? AbortSignal.any([interrupted.signal, after(timeout)]) : interrupted.signal,
    log: (message) => log.write(urn, message, false),
    status: (message) => log.write(urn, message, true),
  });
  const resourceOf = (urn: string): Resource<Client> => {
    const type = urn.split("::")[2]?.split("$").at(-1) ?? "";
    const resource = provider.resources[type];
    if (!resource) {
      const there = Object.keys(provider.resources).join(", ");
      throw new Error(`${provider.name} (stand-in): no resource "${type}"; it has only ${there}`);
    }
    return resource;
  };
  /** Runs what may leave an unfinished resource, and adds to such an error what the engine keeps of it. */
  const keepUnfinished = async <T>(
    inputs: Properties,
    secrets: string[],
    job: () => Promise<T>,
  ): Promise<T> => {
    try {
      return await job();
    } catch (error) {
      if (error instanceof Unfinished) Object.assign(error, { inputs, secrets });
      throw error;
    }
  };

  const handlers = {
    handshake: unary(() => {
      const response = new messages.ProviderHandshakeResponse();
      response.setAcceptSecrets(true);
      response.setAcceptOutputs(true);
      return response;
    }),

    getPluginInfo: unary(() => {
      const info = new plugin.PluginInfo();
      info.setVersion(provider.version);
      return info;
    }),

    getSchema: unary(() => {
      const schema = {
        name: provider.name,
        version: provider.version,
        description: `Stand-in for the official ${provider.name} provider, with only a few resource types.`,
      };
      const response = new messages.GetSchemaResponse();
      response.setSchema(JSON.stringify(schema));
      return response;
    }),

    checkConfig: unary((request: messages.CheckRequest) => {
      const response = new messages.CheckResponse();
      const { values, secrets } = receive(request.getNews());
      const config = known(provider.config, values);
      response.setFailuresList(checkFailures(findFailures(provider.config, { values: config, secrets })));
      response.setInputs(request.getNews());
      return response;
    }),

    diffConfig: unary((request: messages.DiffRequest) => {
      const { values: news } = receive(request.getNews());
      const { values: olds } = receive(request.getOlds());
      const [before, after] = [known(provider.config, olds), known(provider.config, news)];
      return diffResponse(differences(provider.config, before, after, before), false);
    }),

    configure: unary((request: messages.ConfigureRequest) => {
      const { values } = receive(request.getArgs());
      client = provider.configure(known(provider.config, values));
      const response = new messages.ConfigureResponse();
      response.setAcceptsecrets(true);
      response.setSupportspreview(true);
      response.setAcceptresources(false);
      response.setAcceptoutputs(true);
      return response;
    }),

    invoke: unary(async (request: messages.InvokeRequest) => {
      const token = request.getTok();
      const invocable = provider.functions[token];
      if (!invocable) {
        const there = Object.keys(provider.functions).join(", ");
        throw new Error(`${provider.name} (stand-in): no function "${token}"; it has only ${there}`);
      }
      const received = receive(request.getArgs());
      const response = new messages.InvokeResponse();
      const failures = findFailures(invocable.inputs, received);
      response.setFailuresList(checkFailures(failures));
      if (failures.length === 0) {
        const answer = await invocable.run(configured(), plain(received.values), call(""));
        response.setReturn(send(answer, invocable.secrets));
      }
      return response;
    }),

    check: unary(async (request: messages.CheckRequest) => {
      const resource = resourceOf(request.getUrn());
      const received = receive(request.getNews());
      const { values: olds } = receive(request.getOlds());
      let inputs = withDefaults(resource.schema, received.values);
      if (resource.choosesName) {
        const name = request.getName() || (request.getUrn().split("::").at(-1) as string);
        inputs = withName(inputs, olds, name, Buffer.from(request.getRandomseed_asU8()));
      }
      const failures = findFailures(resource.schema, { values: inputs, secrets: received.secrets });
      if (failures.length === 0) failures.push(...(resource.failures?.(inputs) ?? []));
      if (failures.length === 0) inputs = (await resource.normalise?.(inputs)) ?? inputs;
      const response = new messages.CheckResponse();
      response.setFailuresList(checkFailures(failures));
      response.setInputs(send(inputs, received.secrets));
      return response;
    }),

    diff: unary((request: messages.DiffRequest) => {
      const { schema, comparesInputs } = resourceOf(request.getUrn());
      const [state, inputs, oldInputs] = [request.getOlds(), request.getNews(), request.getOldInputs()].map(
        (message) => receive(message).values,
      ) as [Properties, Properties, Properties];
      const before = comparesInputs ? oldInputs : state;
      const changes = differences(schema, before, inputs, oldInputs).filter(
        ({ path }) => !isIgnored(path, request.getIgnorechangesList()),
      );
      return diffResponse(changes, bearsSameName(inputs, state), comparesInputs);
    }),

    create: unary(async (request: messages.CreateRequest) => {
      const resource = resourceOf(request.getUrn());
      const received = receive(request.getProperties());
      const inputs = plain(received.values);
      const secrets = [...received.secrets, ...secretOutputs(resource.schema)];
      const response = new messages.CreateResponse();
      if (request.getPreview()) {
        response.setProperties(send(previewed(resource.schema, inputs), secrets));
        return response;
      }
      const { id, state } = await keepUnfinished(received.values, secrets, () =>
        resource.create(configured(), inputs, call(request.getUrn(), request.getTimeout())),
      );
      response.setId(id);
      response.setProperties(send(state, secrets));
      return response;
    }),

    read: unary(async (request: messages.ReadRequest) => {
      const resource = resourceOf(request.getUrn());
      const state = receive(request.getProperties());
      const inputs = receive(request.getInputs());
      const secrets = [...state.secrets, ...secretOutputs(resource.schema)];
      const response = new messages.ReadResponse();
      if (!resource.read) {
        response.setId(request.getId());
        response.setProperties(request.getProperties());
        response.setInputs(request.getInputs());
        return response;
      }
      const found = await resource.read(
        configured(),
        request.getId(),
        plain(state.values),
        call(request.getUrn(), request.getTimeout()),
      );
      if (!found) return response;
      response.setId(found.id);
      response.setProperties(send(found.state, secrets));
      response.setInputs(send(inputsOf(resource.schema, found.state, inputs.values), inputs.secrets));
      return response;
    }),

    update: unary(async (request: messages.UpdateRequest) => {
      const resource = resourceOf(request.getUrn());
      const old = receive(request.getOlds()).values;
      const received = receive(request.getNews());
      const oldInputs = receive(request.getOldInputs()).values;
      const secrets = [...received.secrets, ...secretOutputs(resource.schema)];
      const before = resource.comparesInputs ? oldInputs : old;
      const changed = differences(resource.schema, before, received.values, oldInputs)
        .map(({ path }) => path)
        .filter((path) => !isIgnored(path, request.getIgnorechangesList()));
      const inputs = plain(received.values);
      const response = new messages.UpdateResponse();
      if (request.getPreview()) {
        const state = previewed(resource.schema, inputs, old);
        response.setProperties(send(resource.preview?.(state, changed) ?? state, secrets));
        return response;
      }
      const state = await keepUnfinished(received.values, secrets, () =>
        resource.update(
          configured(),
          { id: request.getId(), state: plain(old) },
          inputs,
          changed,
          call(request.getUrn(), request.getTimeout()),
        ),
      );
      response.setProperties(send(state, secrets));
      return response;
    }),

    delete: unary(async (request: messages.DeleteRequest) => {
      const resource = resourceOf(request.getUrn());
      const { values } = receive(request.getProperties());
      await resource.delete(
        configured(),
        { id: request.getId(), state: plain(values) },
        call(request.getUrn(), request.getTimeout()),
      );
      return new empty.Empty();
    }),

    cancel: unary(() => {
      interrupted.abort(new Error("interrupted"));
      return new empty.Empty();
    }),

    attach: unary(() => new empty.Empty()),
    getMapping: unary(() => new messages.GetMappingResponse()),
    getMappings: unary(() => new messages.GetMappingsResponse()),
  };
  return handlers as unknown as grpc.UntypedServiceImplementation;
}
