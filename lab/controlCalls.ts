/**
 * Calls to what only the lab asks of a running emulator (`/lab/…`). Each fails with the emulator's message if
 * it refuses, or if nothing listens there. `url` is its base URL.
 */
export const controlCalls =
  (url: string) =>
  async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const response = await fetch(`${url}/lab${path}`, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} /lab${path}: ${response.status} ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  };
