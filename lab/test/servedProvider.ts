import * as grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import statusMessage from "@pulumi/pulumi/proto/status_pb.js";
import { handlersOf } from "../plugins/provider/handlers.ts";
import type { Provider } from "../plugins/provider/provider.ts";
import { receive, send, type Properties } from "../plugins/provider/values.ts";

/** A line that a provider showed. */
export interface Line {
  urn: string;
  message: string;
  ephemeral: boolean;
}

type Request = { serializeBinary(): Uint8Array };
type Method = Exclude<keyof InstanceType<typeof services.ResourceProviderClient>, keyof grpc.Client>;

/** What a failed create or update left, as the engine keeps it. */
export interface Left {
  id: string;
  state: Properties;
  inputs: Properties;
  reasons: string[];
}

/** What is left of an unfinished resource, told along with an error. */
export function leftBy(error: unknown): Left | undefined {
  const [raw] = (error as grpc.ServiceError).metadata.get("grpc-status-details-bin");
  if (!raw) return undefined;
  const [detail] = statusMessage.Status.deserializeBinary(raw as Buffer).getDetailsList();
  if (detail?.getTypeName() !== "pulumirpc.ErrorResourceInitFailed") return undefined;
  const failed = messages.ErrorResourceInitFailed.deserializeBinary(detail.getValue_asU8());
  return {
    id: failed.getId(),
    state: receive(failed.getProperties()).values,
    inputs: receive(failed.getInputs()).values,
    reasons: failed.getReasonsList(),
  };
}

/** A provider behind its gRPC service, driven as the engine drives it. */
export class ServedProvider {
  readonly lines: Line[] = [];
  readonly #server = new grpc.Server();
  #client = undefined as unknown as InstanceType<typeof services.ResourceProviderClient>;

  /** Serves the provider on a port of its own and configures it. */
  static async start<Client>(provider: Provider<Client>, config: Properties = {}): Promise<ServedProvider> {
    const served = new ServedProvider();
    const log = {
      write: (urn: string, message: string, ephemeral: boolean) =>
        void served.lines.push({ urn, message, ephemeral }),
    };
    served.#server.addService(services.ResourceProviderService, handlersOf(provider, log));
    const port = await new Promise<number>((resolve, reject) =>
      served.#server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    served.#client = new services.ResourceProviderClient(
      `127.0.0.1:${port}`,
      grpc.credentials.createInsecure(),
    );
    const request = new messages.ConfigureRequest();
    request.setArgs(send(config));
    await served.ask("configure", request);
    return served;
  }

  stop(): void {
    this.#client.close();
    this.#server.forceShutdown();
  }

  /** One call of the service. Fails with the gRPC error. */
  ask<Response>(method: Method, request: Request): Promise<Response> {
    return new Promise((resolve, reject) => {
      const call = this.#client[method] as unknown as (
        request: Request,
        done: (error: grpc.ServiceError | null, response: Response) => void,
      ) => void;
      call.call(this.#client, request, (error, response) => (error ? reject(error) : resolve(response)));
    });
  }

  /** Checked inputs, or what is wrong with them, as `property: reason`. */
  async check(
    type: string,
    news: Properties,
    olds: Properties = {},
    secrets: string[] = [],
  ): Promise<{ inputs: Properties; secrets: string[]; failures: string[] }> {
    const request = new messages.CheckRequest();
    request.setUrn(urnOf(type));
    request.setNews(send(news, secrets));
    request.setOlds(send(olds));
    request.setRandomseed(Buffer.from("0123456789abcdef"));
    const response = await this.ask<messages.CheckResponse>("check", request);
    const received = receive(response.getInputs());
    return {
      inputs: received.values,
      secrets: received.secrets,
      failures: response.getFailuresList().map((one) => `${one.getProperty()}: ${one.getReason()}`),
    };
  }

  /** Paths that differ, those that replace, and whether the old one must go first. */
  async diff(
    type: string,
    state: Properties,
    inputs: Properties,
    oldInputs: Properties,
    ignored: string[] = [],
  ): Promise<{ changed: string[]; replaces: string[]; deleteBefore: boolean }> {
    const request = new messages.DiffRequest();
    request.setUrn(urnOf(type));
    request.setOlds(send(state));
    request.setNews(send(inputs));
    request.setOldInputs(send(oldInputs));
    request.setIgnorechangesList(ignored);
    const response = await this.ask<messages.DiffResponse>("diff", request);
    return {
      changed: [...response.getDetaileddiffMap().keys()].sort(),
      replaces: response.getReplacesList().sort(),
      deleteBefore: response.getDeletebeforereplace(),
    };
  }

  async create(
    type: string,
    inputs: Properties,
    { preview = false, secrets = [] as string[], timeout = 0 } = {},
  ): Promise<{ id: string; state: Properties; secrets: string[] }> {
    const request = new messages.CreateRequest();
    request.setUrn(urnOf(type));
    request.setProperties(send(inputs, secrets));
    request.setPreview(preview);
    request.setTimeout(timeout);
    const response = await this.ask<messages.CreateResponse>("create", request);
    const received = receive(response.getProperties());
    return { id: response.getId(), state: received.values, secrets: received.secrets };
  }

  async read(
    type: string,
    id: string,
    state: Properties = {},
    inputs: Properties = {},
  ): Promise<{ id: string; state: Properties; inputs: Properties }> {
    const request = new messages.ReadRequest();
    request.setUrn(urnOf(type));
    request.setId(id);
    request.setProperties(send(state));
    request.setInputs(send(inputs));
    const response = await this.ask<messages.ReadResponse>("read", request);
    return {
      id: response.getId(),
      state: receive(response.getProperties()).values,
      inputs: receive(response.getInputs()).values,
    };
  }

  async update(
    type: string,
    id: string,
    state: Properties,
    inputs: Properties,
    oldInputs: Properties,
    { preview = false } = {},
  ): Promise<Properties> {
    const request = new messages.UpdateRequest();
    request.setUrn(urnOf(type));
    request.setId(id);
    request.setOlds(send(state));
    request.setNews(send(inputs));
    request.setOldInputs(send(oldInputs));
    request.setPreview(preview);
    return receive((await this.ask<messages.UpdateResponse>("update", request)).getProperties()).values;
  }

  async delete(type: string, id: string, state: Properties): Promise<void> {
    const request = new messages.DeleteRequest();
    request.setUrn(urnOf(type));
    request.setId(id);
    request.setProperties(send(state));
    await this.ask("delete", request);
  }

  async invoke(token: string, args: Properties): Promise<{ answer: Properties; secrets: string[] }> {
    const request = new messages.InvokeRequest();
    request.setTok(token);
    request.setArgs(send(args));
    const response = await this.ask<messages.InvokeResponse>("invoke", request);
    const received = receive(response.getReturn());
    return { answer: received.values, secrets: received.secrets };
  }
}

/** URN of a resource of that type, below a component. */
const urnOf = (type: string) => `urn:pulumi:dev::trial::slipway:index:Cluster$${type}::demo`;
