/** A certificate as the rest of Farrier sees it: plain facts, without the parser's details. */
import { createHash } from "node:crypto";
import { FarrierError } from "../errors.ts";
import { ipText } from "./names/ip-address.ts";
import { nameText } from "./x509/name.ts";
import { parseX509, type X509 } from "./x509/parse.ts";
import { isSelfSigned } from "./x509/signature.ts";

export interface Certificate {
  /** `CN=Example Root CA,O=Example`, the most specific part first. */
  readonly subject: string;
  readonly issuer: string;
  /** Lower-case hex, without leading zeros. */
  readonly serial: string;
  /** The subject alternative names. */
  readonly names: {
    readonly dns: readonly string[];
    readonly ip: readonly string[];
    readonly email: readonly string[];
    readonly uri: readonly string[];
  };
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SHA-256 of the certificate, lower-case hex. */
  readonly fingerprint: string;
  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hex: equal for certificates of the same key. */
  readonly spkiHash: string;
  readonly isCa: boolean;
  /** Issuer = subject, and its own key signed it: a root. */
  readonly selfSigned: boolean;
  readonly key: KeyFacts;
  /** Go's name of it: `ECDSA-SHA256`. */
  readonly signatureAlgorithm: string;
  /** Canonical PEM: 64 columns, one newline at the end. */
  readonly pem: string;
  readonly der: Uint8Array;
}

export interface KeyFacts {
  readonly algorithm: "RSA" | "ECDSA" | "Ed25519" | "DSA" | "unknown";
  /** Size of the modulus or of the curve; 0 when unknown. */
  readonly bits: number;
}

const ALGORITHMS = { rsa: "RSA", ecdsa: "ECDSA", ed25519: "Ed25519", dsa: "DSA", unknown: "unknown" } as const;

/**
 * The facts of one certificate.
 *
 * @throws FarrierError `input.certificate-malformed` where the agents' Go code cannot parse it
 */
export function certificateOf(der: Uint8Array): Certificate {
  return certificateFrom(x509Of(der));
}

/** @throws FarrierError `input.certificate-malformed` */
export function x509Of(der: Uint8Array): X509 {
  const parsed = parseX509(der);
  if (parsed.kind === "refused") {
    throw new FarrierError(
      "input.certificate-malformed",
      `The certificate cannot be parsed: ${parsed.reason} (byte ${parsed.offset}).`,
    );
  }
  return parsed.certificate;
}

/** The facts of a certificate that is parsed already. */
export function certificateFrom(x509: X509): Certificate {
  const { key } = x509.publicKey;
  return {
    subject: nameText(x509.subject),
    issuer: nameText(x509.issuer),
    serial: x509.serial.toString(16),
    names: {
      dns: x509.names.dns,
      ip: x509.names.ip.map(ipText),
      email: x509.names.email,
      uri: x509.names.uri.map((uri) => uri.text),
    },
    notBefore: x509.notBefore,
    notAfter: x509.notAfter,
    fingerprint: sha256(x509.raw),
    spkiHash: sha256(x509.publicKey.raw),
    isCa: x509.basicConstraints?.isCa ?? false,
    selfSigned: isSelfSigned(x509),
    key: { algorithm: ALGORITHMS[key.kind], bits: key.bits },
    signatureAlgorithm: x509.signatureAlgorithm.name,
    pem: pemText("CERTIFICATE", x509.raw),
    der: x509.raw,
  };
}

/** PEM with 64 columns and one newline at the end (RFC 7468). */
export function pemText(type: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${type}-----`, ...lines, `-----END ${type}-----`, ""].join("\n");
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
