import { readFileSync } from "node:fs";
import { request } from "node:https";
import path from "node:path";
import { apiserverUrl } from "../addresses.ts";

/** An answer of kube-apiserver to the lab's own administrator. */
export interface Answer {
  status: number;
  body: string;
}

/** GETs a path of the lab's kube-apiserver with the administrator's certificate from `folder`. */
export function get(folder: string, urlPath: string): Promise<Answer> {
  const pki = (name: string) => readFileSync(path.join(folder, "pki", name));
  return new Promise((resolve, reject) => {
    const outgoing = request(
      new URL(urlPath, apiserverUrl),
      { ca: pki("ca.crt"), cert: pki("admin.crt"), key: pki("admin.key"), agent: false, timeout: 3000 },
      (response) => {
        let body = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (body += chunk));
        response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
      },
    );
    outgoing.on("error", reject);
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer in 3 s")));
    outgoing.end();
  });
}

/** The same, as JSON; undefined unless the status is 200. */
export async function getJson<T>(folder: string, urlPath: string): Promise<T | undefined> {
  const { status, body } = await get(folder, urlPath);
  return status === 200 ? (JSON.parse(body) as T) : undefined;
}
