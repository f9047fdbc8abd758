/** What git says over the wire when it pushes (gitprotocol-pack, "Pushing Data To a Server"). */

/** A ref that a push wants to move; zeros stand for "not there". */
export interface Update {
  before: string;
  after: string;
  ref: string;
}

/** A push: the refs, what the client understands, and the objects it sends. */
export interface Push {
  updates: Update[];
  capabilities: string[];
  /** Empty where it only deletes. */
  pack: Buffer;
}

/** Reads the body of a push. */
export function readPush(body: Buffer): Push {
  const updates: Update[] = [];
  let capabilities: string[] = [];
  let at = 0;
  for (;;) {
    const length = Number.parseInt(body.subarray(at, at + 4).toString(), 16);
    if (!(length > 4)) break;
    const [line = "", said] = body
      .subarray(at + 4, at + length)
      .toString()
      .split("\0");
    capabilities = said?.trim().split(" ") ?? capabilities;
    const match = /^([0-9a-f]{40}) ([0-9a-f]{40}) ([^\n]+)/.exec(line);
    if (match) {
      const [, before = "", after = "", ref = ""] = match;
      updates.push({ before, after, ref });
    }
    at += length;
  }
  return { updates, capabilities, pack: body.subarray(at + 4) };
}

const packet = (text: string) => `${(Buffer.byteLength(text) + 4).toString(16).padStart(4, "0")}${text}`;
const flush = "0000";

/** The answer to a push of which nothing is taken, with the reason that git shows beside each ref. */
export function refuse(push: Push, reason: string): Buffer {
  const report = ["unpack ok\n", ...push.updates.map(({ ref }) => `ng ${ref} ${reason}\n`)]
    .map(packet)
    .join("");
  return Buffer.from(
    push.capabilities.includes("side-band-64k") ? packet(`\x01${report}${flush}`) + flush : report + flush,
  );
}
