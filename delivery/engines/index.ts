import type { EngineName } from "../releaseFile.ts";
import type { Engine } from "./engine.ts";
import { kustomize } from "./kustomize.ts";
import { pulumi } from "./pulumi.ts";

/** The engines. */
export const engines: Record<EngineName, Engine> = { pulumi, kustomize };
