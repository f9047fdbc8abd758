import "reflect-metadata";
import type { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const validMs = 365 * 24 * 60 * 60 * 1000;

/** A certificate to issue: its file name, subject and, for a server, the names it answers to. */
export interface CertificateRequest {
  name: string;
  /** RFC 4514 name; Kubernetes takes the CN as user, each O as a group. */
  subject: string;
  /** DNS names and IP addresses, for a server. */
  hosts?: string[];
}

const isAddress = (host: string) => /^[\d.]+$/.test(host);

async function writeKey(file: string, keys: webcrypto.CryptoKeyPair): Promise<void> {
  const der = await crypto.subtle.exportKey("pkcs8", keys.privateKey);
  writeFileSync(file, x509.PemConverter.encode(der, "PRIVATE KEY"), { mode: 0o600 });
}

const newKeys = () =>
  crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]) as Promise<webcrypto.CryptoKeyPair>;

/**
 * Makes a certificate authority (`ca.crt`, `ca.key`), a key pair for service-account tokens (`sa.key`,
 * `sa.pub`) and each certificate asked for (`NAME.crt`, `NAME.key`) in `folder`, good for a year.
 *
 * @returns the authority's certificate in PEM
 */
export async function createPki(folder: string, requests: CertificateRequest[]): Promise<string> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = (name: string) => path.join(folder, name);
  const notBefore = new Date(Date.now() - 60_000);
  const notAfter = new Date(Date.now() + validMs);
  const authorityKeys = await newKeys();
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=slipway-lab",
    keys: authorityKeys,
    notBefore,
    notAfter,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.digitalSignature, true),
    ],
  });
  const authorityPem = authority.toString("pem");
  writeFileSync(file("ca.crt"), authorityPem);
  await writeKey(file("ca.key"), authorityKeys);

  const accountKeys = await newKeys();
  await writeKey(file("sa.key"), accountKeys);
  const spki = await crypto.subtle.exportKey("spki", accountKeys.publicKey);
  writeFileSync(file("sa.pub"), x509.PemConverter.encode(spki, "PUBLIC KEY"));

  await Promise.all(
    requests.map(async ({ name, subject, hosts }) => {
      const keys = await newKeys();
      const certificate = await x509.X509CertificateGenerator.create({
        subject,
        issuer: authority.subject,
        publicKey: keys.publicKey,
        signingKey: authorityKeys.privateKey,
        signingAlgorithm: algorithm,
        notBefore,
        notAfter,
        extensions: [
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
          new x509.ExtendedKeyUsageExtension([
            hosts ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth,
          ]),
          ...(hosts
            ? [
                new x509.SubjectAlternativeNameExtension(
                  hosts.map((value) => ({
                    type: isAddress(value) ? ("ip" as const) : ("dns" as const),
                    value,
                  })),
                ),
              ]
            : []),
        ],
      });
      writeFileSync(file(`${name}.crt`), certificate.toString("pem"));
      await writeKey(file(`${name}.key`), keys);
    }),
  );
  return authorityPem;
}
