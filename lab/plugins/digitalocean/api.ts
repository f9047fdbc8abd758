import pRetry, { AbortError } from "p-retry";
import { setTimeout as sleep } from "node:timers/promises";

/** An error answer of DigitalOcean's API. */
export class ApiError extends Error {
  readonly status: number;
  /** Milliseconds until DigitalOcean takes the next request, where it says so. */
  readonly waitMs: number | undefined;
  /** Whether the request met a server error before, and may have been carried out then. */
  mayBeDone = false;
  constructor(status: number, message: string, waitMs?: number) {
    super(message);
    this.status = status;
    this.waitMs = waitMs;
  }
}

/** How to reach the API. */
export interface ApiOptions {
  /** Base URL, without `/v2`. */
  endpoint: string;
  token: string | undefined;
  /** How often a request is repeated after a 429 or a server error; default 4. */
  retries?: number;
  /** First wait before that, in milliseconds; default 500. It doubles. */
  retryMs?: number;
  /** First wait of a poll, in milliseconds; default 250. It doubles up to 10 s, the official provider's. */
  pollMs?: number;
}

/** Longest wait for a rate limit, in milliseconds: past that, the user should know. */
const longestWait = 120_000;
const slowestPoll = 10_000;
/** Longest wait for an answer to a POST, in milliseconds. */
const longestAnswer = 60_000;

/** Waits. Fails with the reason of `signal` when that is aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch((error: unknown) => {
    throw signal.aborted ? signal.reason : error;
  });
}

/**
 * When a refused request may be repeated, in milliseconds from now: `retry-after` (seconds), else
 * `ratelimit-reset` (seconds since the epoch) of a 429 that no request remains in.
 */
export function waitOf(status: number, headers: Headers, now = Date.now()): number | undefined {
  const after = Number(headers.get("retry-after") ?? NaN);
  if (Number.isFinite(after)) return Math.max(0, after * 1000);
  const reset = Number(headers.get("ratelimit-reset") ?? NaN);
  const isUsedUp = status === 429 && headers.get("ratelimit-remaining") === "0";
  return isUsedUp && Number.isFinite(reset) ? Math.max(0, reset * 1000 - now) : undefined;
}

/** DigitalOcean's API, as far as JSON goes. */
export class Api {
  readonly #options: Required<Omit<ApiOptions, "token">> & Pick<ApiOptions, "token">;

  constructor(options: ApiOptions) {
    this.#options = { retries: 4, retryMs: 500, pollMs: 250, ...options };
  }

  /**
   * The answer's body. Fails with `ApiError`, in DigitalOcean's words and with its request id. Waits and
   * repeats after a 429 or a server error, as the official provider does.
   */
  async request<T>(method: string, path: string, signal: AbortSignal, body?: unknown): Promise<T> {
    const { retries, retryMs } = this.#options;
    let mayBeDone = false;
    const answers: T[] = [];
    const ask = async () => void answers.push(await this.#once<T>(method, path, signal, body));
    const asked = pRetry(ask, {
      retries,
      minTimeout: retryMs,
      maxTimeout: slowestPoll,
      signal,
      shouldRetry: ({ error }) => {
        if (!(error instanceof ApiError)) return false;
        return (error.status === 429 || error.status >= 500) && (error.waitMs ?? 0) <= longestWait;
      },
      onFailedAttempt: async ({ error, retriesLeft }) => {
        if (!(error instanceof ApiError)) return;
        error.mayBeDone = mayBeDone;
        mayBeDone ||= error.status >= 500;
        if (error.waitMs && error.waitMs <= longestWait && retriesLeft > 0) await pause(error.waitMs, signal);
      },
    });
    // An answer that came is not thrown away by an interruption: what it tells of would be lost.
    await asked.catch((error: unknown) => {
      if (answers.length === 0) throw error;
    });
    return answers[0] as T;
  }

  /** `request`, but undefined where there is no such thing (404). */
  async find<T>(method: string, path: string, signal: AbortSignal): Promise<T | undefined> {
    try {
      return await this.request<T>(method, path, signal);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  /** Asks again and again until there is an answer. Fails when `signal` is aborted. */
  async poll<T>(ask: () => Promise<T | undefined>, signal: AbortSignal): Promise<T> {
    for (let wait = this.#options.pollMs; ; wait = Math.min(wait * 2, slowestPoll)) {
      const answer = await ask();
      if (answer !== undefined) return answer;
      await pause(wait, signal);
    }
  }

  async #once<T>(method: string, path: string, signal: AbortSignal, body: unknown): Promise<T> {
    const { endpoint, token } = this.#options;
    const what = `DigitalOcean: ${method} ${path.split("?", 1)[0]}`;
    if (!token)
      throw new AbortError(
        "DigitalOcean: no API token; set one by `pulumi config set --secret digitalocean:token` or DIGITALOCEAN_TOKEN",
      );
    let response: Response;
    let text: string;
    try {
      response = await fetch(new URL(path, endpoint), {
        method,
        // What a POST creates would be lost with its answer, so it is not abandoned half-way.
        signal: method === "POST" ? AbortSignal.timeout(longestAnswer) : signal,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      text = await response.text();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const { message, cause } = error as Error & { cause?: Error };
      throw new AbortError(`${what}: ${endpoint} can't be reached: ${cause?.message || message}`);
    }
    const { ok, status, headers } = response;
    const answer = parse(text);
    if (ok) return answer as T;
    const { message = response.statusText, request_id = headers.get("x-request-id") } = (answer ?? {}) as {
      message?: string;
      request_id?: string | null;
    };
    const request = request_id ? ` (request ${request_id})` : "";
    const oneLine = message.replaceAll(/\s+/g, " ").trim();
    throw new ApiError(status, `${what}: ${status} ${oneLine}${request}`, waitOf(status, headers));
  }
}

function parse(text: string): unknown {
  try {
    return text ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}
