import "reflect-metadata";
import type { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

/** One X.509 extension as plain data: `value` is the DER inside the OCTET STRING (RFC 5280 §4.1). */
export interface CertificateExtension {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/** `keyCertSign` and `cRLSign` belong to authorities, the others to serving certificates. */
export type KeyUsage = Exclude<keyof typeof x509.KeyUsageFlags, number>;

/** Purposes that a certificate may be used for; any other is given by its dotted OID. */
export const PURPOSE = {
  any: "2.5.29.37.0",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  codeSigning: "1.3.6.1.5.5.7.3.3",
} as const;

/** RFC 5280 §4.2.1.9. A `pathLength` on a certificate that is no authority is written as it is, for tests. */
export function basicConstraints(ca: boolean, pathLength?: number, critical = true): CertificateExtension {
  return plain(new x509.BasicConstraintsExtension(ca, pathLength, critical));
}

/** RFC 5280 §4.2.1.3. */
export function keyUsage(usages: readonly KeyUsage[], critical = true): CertificateExtension {
  const flags = usages.reduce((bits, usage) => bits | x509.KeyUsageFlags[usage], 0);
  return plain(new x509.KeyUsagesExtension(flags, critical));
}

/** RFC 5280 §4.2.1.12; `purposes` are dotted OIDs, see {@link PURPOSE}. */
export function extendedKeyUsage(purposes: readonly string[], critical = false): CertificateExtension {
  return plain(new x509.ExtendedKeyUsageExtension([...purposes], critical));
}

/** RFC 5280 §4.2.1.6: IPv4 and IPv6 addresses become iPAddress names, everything else becomes a dNSName. */
export function subjectAltName(hostnames: readonly string[], critical = false): CertificateExtension {
  const names = hostnames.map((value) => ({ type: isIpAddress(value) ? ("ip" as const) : ("dns" as const), value }));
  return plain(new x509.SubjectAlternativeNameExtension(names, critical));
}

/** RFC 5280 §4.2.1.2, method 1: SHA-1 of the key's bits, a name and no protection. */
export async function subjectKeyId(publicKey: webcrypto.CryptoKey): Promise<CertificateExtension> {
  return plain(await x509.SubjectKeyIdentifierExtension.create(publicKey));
}

/** RFC 5280 §4.2.1.1; `keyId` is the hexadecimal subject key identifier of the issuer. */
export function authorityKeyId(keyId: string): CertificateExtension {
  // [0] IMPLICIT OCTET STRING in a SEQUENCE: the only member that verifiers use.
  const id = Buffer.from(keyId, "hex");
  return {
    oid: "2.5.29.35",
    critical: false,
    value: Buffer.concat([Buffer.from([0x30, id.length + 2, 0x80, id.length]), id]),
  };
}

/** True for what belongs into an iPAddress name. A DNS name can neither hold a colon nor end in a number (RFC 3696 §2). */
export function isIpAddress(text: string): boolean {
  return text.includes(":") || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(text);
}

function plain(extension: x509.Extension): CertificateExtension {
  return { oid: extension.type, critical: extension.critical, value: new Uint8Array(extension.value) };
}
