import sodium from "libsodium-wrappers";

/** A key pair for sealed boxes (X25519), both halves in base64. */
export interface KeyPair {
  /** What clients name the key by: a number in decimal digits, as GitHub's are. */
  keyId: string;
  publicKey: string;
  privateKey: string;
}

/** A new key pair. */
export async function newKeyPair(): Promise<KeyPair> {
  await sodium.ready;
  const { ORIGINAL } = sodium.base64_variants;
  const { publicKey, privateKey } = sodium.crypto_box_keypair();
  const id = sodium.randombytes_buf(8);
  return {
    keyId: new DataView(id.buffer).getBigUint64(0).toString(),
    publicKey: sodium.to_base64(publicKey, ORIGINAL),
    privateKey: sodium.to_base64(privateKey, ORIGINAL),
  };
}

/** What was sealed, as text; undefined where the box is no base64 or was not sealed for this key. */
export async function openBox(pair: KeyPair, box: string): Promise<string | undefined> {
  await sodium.ready;
  const bytes = (text: string) => sodium.from_base64(text, sodium.base64_variants.ORIGINAL);
  try {
    return sodium.to_string(
      sodium.crypto_box_seal_open(bytes(box), bytes(pair.publicKey), bytes(pair.privateKey)),
    );
  } catch {
    return undefined;
  }
}
