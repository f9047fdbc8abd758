import { execa } from "execa";
import { hostname } from "node:os";

/** What a Docker engine says of itself, as `docker info --format '{{json .}}'` prints it. */
export interface EngineInfo {
  /** Host name of the machine that the engine runs on. */
  Name?: string;
  SecurityOptions?: string[];
}

/**
 * Whether an engine has this machine's loopback as its own, and so can push to the lab's registry: not
 * one on another machine, in a virtual machine (Docker Desktop), or in a network of its own (rootless).
 */
export const sharesLoopback = (info: EngineInfo, host: string): boolean =>
  info.Name === host && !info.SecurityOptions?.some((option) => option.includes("rootless"));

/** Whether an engine that serves the lab answers where the user's `docker` looks. */
export async function userEngineAnswers(): Promise<boolean> {
  const { stdout, failed } = await execa("docker", ["info", "--format", "{{json .}}"], {
    reject: false,
    timeout: 5000,
  });
  return !failed && sharesLoopback(JSON.parse(stdout) as EngineInfo, hostname());
}
