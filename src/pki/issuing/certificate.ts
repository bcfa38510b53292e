import "reflect-metadata";
import { type KeyObject, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import type { CertificateExtension } from "./extensions.ts";
import { defaultHash, type SignatureHash, signingKey } from "./keys.ts";

/** A distinguished name: attribute (`CN`, `O`, `OU`, `C`, …) and value, in the order of the encoding. */
export type DistinguishedName = readonly (readonly [attribute: string, value: string])[];

/** Everything in a certificate that a caller can choose. Nothing is checked: tests need broken certificates too. */
export interface CertificateFields {
  readonly subject: DistinguishedName | x509.Name;
  /** Must be the issuer's subject as it is encoded there: Go compares the bytes. */
  readonly issuer: DistinguishedName | x509.Name;
  readonly publicKey: webcrypto.CryptoKey;
  readonly signingKey: KeyObject;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** In the order of the encoding. */
  readonly extensions: readonly CertificateExtension[];
  /** Hexadecimal; a random positive one unless given. */
  readonly serialNumber?: string;
  /** Unless given, the one that fits the signing key. */
  readonly hash?: SignatureHash;
}

/** A certificate with the public facts that issuing needs afterwards. */
export interface IssuedCertificate {
  readonly certificatePem: string;
  readonly certificateDer: Uint8Array;
  /** Lower-case hexadecimal, without leading zero octets. */
  readonly serialNumber: string;
  readonly subject: x509.Name;
}

/** Signs a certificate with exactly the given fields and extensions (X.509 version 3). */
export async function issueCertificate(fields: CertificateFields): Promise<IssuedCertificate> {
  const hash = fields.hash ?? defaultHash(fields.signingKey);
  const key = await signingKey(fields.signingKey, hash);
  const serialNumber = fields.serialNumber ?? randomSerialNumber();
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber,
    subject: encodeName(fields.subject),
    issuer: encodeName(fields.issuer),
    notBefore: fields.notBefore,
    notAfter: fields.notAfter,
    publicKey: fields.publicKey,
    signingKey: key,
    signingAlgorithm: { name: key.algorithm.name, hash },
    extensions: fields.extensions.map((it) => new x509.Extension(it.oid, it.critical, Uint8Array.from(it.value))),
  });
  return {
    certificatePem: `${certificate.toString("pem")}\n`,
    certificateDer: new Uint8Array(certificate.rawData),
    serialNumber,
    subject: certificate.subjectName,
  };
}

/** 16 octets, the highest bit clear (positive) and the next one set (no leading zero): within RFC 5280's 20 octets. */
export function randomSerialNumber(): string {
  const octets = webcrypto.getRandomValues(new Uint8Array(16));
  octets[0] = ((octets[0] ?? 0) & 0x3f) | 0x40;
  return Buffer.from(octets).toString("hex");
}

/** Leaves out attributes whose value is undefined, so that callers can list optional ones in place. */
export function distinguishedName(attributes: Readonly<Record<string, string | undefined>>): DistinguishedName {
  return Object.entries(attributes).flatMap(([attribute, value]) => (value === undefined ? [] : [[attribute, value]]));
}

function encodeName(name: DistinguishedName | x509.Name): x509.Name {
  if (name instanceof x509.Name) return name;
  return new x509.Name(name.map(([attribute, value]) => ({ [attribute]: [verbatim(value)] })));
}

/**
 * The library reads RFC 4514's escapes, quotes and `#` hexadecimal into plain strings: `Example "A"` would become `A`. What
 * is said to be a UTF8String it takes as it is; PrintableString has none of these characters (RFC 5280 §4.1.2.4 allows both).
 */
function verbatim(value: string): string | { readonly utf8String: string } {
  return /["\\#]/.test(value) ? { utf8String: value } : value;
}
