import type { Failure, Schema } from "./schema.ts";
import type { Properties } from "./values.ts";

/** A call of the engine, as long as it lasts. */
export interface Call {
  /** Aborted when the user interrupts, or the resource's `customTimeouts` are over. */
  signal: AbortSignal;
  /** Shows a line below the resource; it stays. */
  log(message: string): void;
  /** Shows a line beside the resource until the next one comes. */
  status(message: string): void;
}

/** A resource as the cloud has it. */
export interface Found {
  id: string;
  state: Properties;
}

/** A kind of resource. `Client` is what the provider made of its config. */
export interface Resource<Client> {
  schema: Schema;
  /** Whether `name` is chosen where a program gives none. */
  choosesName?: true;
  /** Whether what counts as a difference is one from the last inputs, rather than from the state. */
  comparesInputs?: true;
  /** What is wrong with the inputs, beyond what the schema says. */
  failures?(inputs: Properties): Failure[];
  /** Inputs as they are kept, such as with a digest of the files that they name. */
  normalise?(inputs: Properties): Promise<Properties> | Properties;
  /** What a preview tells of a state beyond the schema's defaults, such as what an update makes unknown. */
  preview?(state: Properties, changed: readonly string[]): Properties;
  /** Fails with `Unfinished` if there is a resource now, but not a working one. */
  create(client: Client, inputs: Properties, call: Call): Promise<Found>;
  /** Undefined if there is none. `state` is empty in an import. Without it, a refresh keeps what is known. */
  read?(client: Client, id: string, state: Properties, call: Call): Promise<Found | undefined>;
  /** `changed`: paths of what differs. None, if the last create or update was not finished. */
  update(
    client: Client,
    old: Found,
    inputs: Properties,
    changed: readonly string[],
    call: Call,
  ): Promise<Properties>;
  /** Resolves when it is gone, or was gone before. */
  delete(client: Client, old: Found, call: Call): Promise<void>;
}

/** A function of a provider. */
export interface Invocable<Client> {
  inputs: Schema;
  run(client: Client, inputs: Properties, call: Call): Promise<Properties>;
  /** Paths in the answer that are secret, such as `/kubeConfigs`. */
  secrets?: string[];
}

/** A provider: what `serve` makes a plugin of. */
export interface Provider<Client> {
  /** Such as `digitalocean`. */
  name: string;
  /** Version of the SDK that it answers. */
  version: string;
  config: Schema;
  /** Makes a client of the config. Must not reach out: it runs at each start. */
  configure(config: Properties): Client;
  /** By type, such as `docker:index/image:Image`. */
  resources: Record<string, Resource<Client>>;
  /** By token, such as `docker:index/getRegistryImage:getRegistryImage`. */
  functions: Record<string, Invocable<Client>>;
}

/** A resource that is there, but was not finished: its id and state are kept, and the next update goes on. */
export class Unfinished extends Error {
  readonly found: Found;
  /** What the engine keeps beside it. */
  inputs: Properties = {};
  secrets: string[] = [];
  constructor(found: Found, reason: string) {
    super(reason);
    this.found = found;
  }
}
