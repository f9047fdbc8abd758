import * as pulumi from "@pulumi/pulumi";
import type { MockCallArgs, MockResourceArgs } from "@pulumi/pulumi/runtime";

/** JSON that a provider would receive; its leaves are compared, never computed with. */
export interface Json {
  [name: string]: Json | undefined;
}

export interface Registered {
  type: string;
  name: string;
  inputs: Json;
}

/** What providers answer, where a test cares; by resource type or function token. */
export interface Answers {
  outputs?: Record<string, (args: MockResourceArgs) => object>;
  functions?: Record<string, (inputs: Record<string, unknown>) => object>;
  /** Outputs that the stack had after its last update. */
  lastUpdate?: Record<string, unknown>;
}

export interface Engine {
  resources: Registered[];
  calls: { token: string; inputs: Json }[];
  /** Waits until everything that was registered has its outputs. */
  settle(): Promise<void>;
  /** The only resource of a type. */
  single(type: string): Registered;
  ofType(type: string): Registered[];
}

/** An engine without providers: records what a program registers and answers in their place. */
export async function startEngine(answers: Answers = {}, preview = false): Promise<Engine> {
  const resources: Registered[] = [];
  const calls: Engine["calls"] = [];
  await pulumi.runtime.setMocks(
    {
      newResource(args: MockResourceArgs) {
        if (args.type === "pulumi:pulumi:StackReference")
          return {
            id: args.inputs.name as string,
            state: { ...args.inputs, outputs: answers.lastUpdate ?? {}, secretOutputNames: [] },
          };
        resources.push({ type: args.type, name: args.name, inputs: args.inputs as Json });
        return {
          id: `${args.name}-id`,
          state: { ...args.inputs, ...answers.outputs?.[args.type]?.(args) },
        };
      },
      call(args: MockCallArgs) {
        calls.push({ token: args.token, inputs: args.inputs as Json });
        const answer = answers.functions?.[args.token];
        if (!answer) throw new Error(`no answer for ${args.token}`);
        return answer(args.inputs as Record<string, unknown>);
      },
    },
    "slipway",
    "test",
    preview,
    "organization",
  );
  const ofType = (type: string) => resources.filter((resource) => resource.type === type);
  return {
    resources,
    calls,
    settle: () => pulumi.runtime.disconnect(),
    ofType,
    single(type) {
      const found = ofType(type);
      if (found.length !== 1) throw new Error(`${found.length} resources of type ${type}, not one`);
      return found[0] as Registered;
    },
  };
}

/** The value of an output. */
export const valueOf = <T>(output: pulumi.Output<T>): Promise<T> =>
  new Promise((resolve) => output.apply((value) => resolve(value as T)));
