import * as pulumi from "@pulumi/pulumi";

/** How GitHub is reached: the configuration of the provider, which `@pulumi/github` documents. */
export interface GitHubAccess {
  /** Secret. `github:token`, or the environment's GITHUB_TOKEN. */
  token?: string;
  /** `github:baseUrl`, or the environment's GITHUB_BASE_URL; github.com without one. */
  baseUrl?: string;
  /** Pause between two writes in milliseconds: `github:writeDelayMs`; the provider's default is 1000. */
  writeDelayMs?: number;
}

/** The access that this stack's configuration gives. */
export function githubAccess(): GitHubAccess {
  const config = new pulumi.Config("github");
  return {
    token: config.get("token") ?? process.env.GITHUB_TOKEN,
    baseUrl: config.get("baseUrl") ?? process.env.GITHUB_BASE_URL,
    writeDelayMs: config.getNumber("writeDelayMs"),
  };
}

/**
 * Root of the REST API. GitHub Enterprise Server has it below `/api/v3`, github.com and GitHub Enterprise
 * Cloud on a host `api.…` (https://docs.github.com/rest/using-the-rest-api).
 */
export function apiUrl(baseUrl = "https://api.github.com/"): string {
  const url = new URL(baseUrl);
  const root = url.hostname.startsWith("api.") ? url : new URL("/api/v3", url);
  return root.href.replace(/\/$/, "");
}

/** Takes `owner/name` apart. */
export function ownerAndName(repository: string): { owner: string; name: string } {
  const [owner, name] = repository.split("/") as [string, string];
  return { owner, name };
}
