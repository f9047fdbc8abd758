import assert from "node:assert/strict";
import sodium from "libsodium-wrappers";
import { newKeyPair, openBox } from "../github/sealedBoxes.ts";

describe("Sealed boxes", () => {
  const seal = async (text: string, publicKey: string) => {
    await sodium.ready;
    const { ORIGINAL } = sodium.base64_variants;
    return sodium.to_base64(sodium.crypto_box_seal(text, sodium.from_base64(publicKey, ORIGINAL)), ORIGINAL);
  };

  it("are opened with the key that they were sealed for", async () => {
    const pair = await newKeyPair();
    assert.match(pair.keyId, /^\d+$/);
    assert.equal(
      await openBox(pair, await seal("a canary, no secret: ✓", pair.publicKey)),
      "a canary, no secret: ✓",
    );
  });

  it("fails to open with another key, or what is no box", async () => {
    const pair = await newKeyPair();
    const other = await newKeyPair();
    assert.notEqual(pair.keyId, other.keyId);
    for (const box of [await seal("canary", other.publicKey), "not base64!", "dG9vIHNob3J0", ""])
      assert.equal(await openBox(pair, box), undefined);
  });
});
