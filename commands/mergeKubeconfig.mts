import path from "node:path";
import { type Document, isMap, isSeq, parseDocument, type YAMLMap, type YAMLSeq } from "yaml";

const lists = ["clusters", "users", "contexts"] as const;

interface Named {
  name: string;
  user?: { exec?: { args?: string[]; env?: unknown } };
}

/**
 * A kubeconfig for use outside this folder: its credential plugin is named by an absolute path, and a
 * DigitalOcean API token in it is left out, so that the file holds no secret of that reach.
 */
export function portable(kubeconfig: string, folder: string): Record<string, unknown> {
  const config = parseDocument(kubeconfig).toJS() as { users: Named[] } & Record<string, unknown>;
  for (const { user } of config.users)
    if (user?.exec?.args) {
      user.exec.args = user.exec.args.map((arg, i) =>
        i === 0 && arg.endsWith(".mts") ? path.resolve(folder, arg) : arg,
      );
      delete user.exec.env;
    }
  return config;
}

/**
 * Merges `addition` into the text of a kubeconfig file, entry by entry by name. Everything else in the
 * text stays as it is, comments and unknown fields included; the current context changes only if asked,
 * or if there is none. Fails if the text is no kubeconfig.
 */
export function mergeKubeconfig(
  text: string,
  addition: Record<string, unknown>,
  makeCurrent: boolean,
): string {
  const document: Document = text.trim()
    ? parseDocument(text)
    : parseDocument("apiVersion: v1\nkind: Config\n");
  if (document.errors.length || !isMap(document.contents))
    throw new Error(
      `not a kubeconfig: ${document.errors[0]?.message.split("\n")[0] ?? "the file is no YAML map"}`,
    );
  for (const list of lists) {
    if (!isSeq(document.get(list))) document.set(list, document.createNode([]));
    const entries = document.get(list) as YAMLSeq<YAMLMap>;
    entries.flow = false;
    for (const entry of (addition[list] ?? []) as Named[]) {
      const node = document.createNode(entry) as YAMLMap;
      const at = entries.items.findIndex((item) => item.get("name") === entry.name);
      if (at < 0) entries.add(node);
      else entries.items[at] = node;
    }
  }
  if (makeCurrent || !document.get("current-context"))
    document.set("current-context", addition["current-context"]);
  return document.toString({ lineWidth: 0 });
}
