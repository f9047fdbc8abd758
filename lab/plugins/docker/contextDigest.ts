import dockerignore from "@balena/dockerignore";
import { createHash } from "node:crypto";
import { existsSync, lstatSync, readFileSync, readdirSync, readlinkSync } from "node:fs";
import path from "node:path";

/** A file's mode as Go prints it, which is what the official plugin digests: `-rw-r--r--`. */
function modeText(mode: number): string {
  const bits = "rwxrwxrwx";
  const permissions = [...bits].map((bit, i) => (mode & (1 << (8 - i)) ? bit : "-")).join("");
  const isLink = (mode & 0o170000) === 0o120000;
  return `${isLink ? "L" : "-"}${permissions}`;
}

/** The ignore file that goes with a Dockerfile: `<Dockerfile>.dockerignore`, else the context's own. */
function ignoreFile(context: string, dockerfile: string): string | undefined {
  return [`${dockerfile}.dockerignore`, path.join(context, ".dockerignore")].find((file) => existsSync(file));
}

/**
 * Digest of what a build sees of its context: name, mode and content of each file that `.dockerignore`
 * leaves, and the Dockerfile. 64 hexadecimal digits. Times and owners don't count.
 */
export function contextDigest(context: string, dockerfile: string): string {
  const ignoring = ignoreFile(context, dockerfile);
  const rules = ignoring ? readFileSync(ignoring, "utf8") : "";
  const ignored = dockerignore.default().add(rules);
  const hasExceptions = /^\s*!/m.test(rules);
  const digest = createHash("sha256");
  const add = (name: string, mode: string, content: string | Buffer) =>
    digest.update(name).update(mode).update(createHash("sha256").update(content).digest()).update("\0");

  const visit = (folder: string, prefix: string) => {
    const names = readdirSync(folder).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    for (const name of names) {
      const file = path.join(folder, name);
      const relative = prefix + name;
      const stat = lstatSync(file);
      const isIgnored = ignored.ignores(relative);
      if (stat.isDirectory()) {
        if (!isIgnored || hasExceptions) visit(file, `${relative}/`);
      } else if (!isIgnored)
        add(relative, modeText(stat.mode), stat.isSymbolicLink() ? readlinkSync(file) : readFileSync(file));
    }
  };
  add("Dockerfile", "----------", readFileSync(dockerfile));
  visit(context, "");
  return digest.digest("hex");
}
