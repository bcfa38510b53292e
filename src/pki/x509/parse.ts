/**
 * Parses a certificate exactly as the agents do: a port of Go 1.26's `x509.ParseCertificate` (crypto/x509/parser.go).
 * What it refuses, Go leaves out of its pool, or breaks the handshake over when a server presents it.
 */
import { contextTag, DerReader, type Element, EncodingRefused, type EncodingRule, TAG } from "../der/reader.ts";
import { readTime } from "../der/time.ts";
import { readBitString, readBoolean, readInt64, readInteger, readOid, rightAligned } from "../der/values.ts";
import { type Extension, type ExtensionFacts, processExtensions } from "./extensions.ts";
import { type Name, readName } from "./name.ts";
import { readSubjectPublicKey, type SubjectPublicKey } from "./public-key.ts";
import { readSignatureAlgorithm, type SignatureAlgorithm } from "./signature-algorithm.ts";

/** A certificate as Go's parser sees it. */
export interface X509 extends Readonly<ExtensionFacts> {
  readonly raw: Uint8Array;
  /** The signed part. */
  readonly rawToBeSigned: Uint8Array;
  readonly version: number;
  readonly serial: bigint;
  /** Length of the serial number in bytes as encoded. */
  readonly serialLength: number;
  readonly signatureAlgorithm: SignatureAlgorithm;
  readonly signature: Uint8Array;
  readonly issuer: Name;
  readonly subject: Name;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKey: SubjectPublicKey;
  readonly extensions: readonly Extension[];
}

export type Parsed =
  | { readonly kind: "parsed"; readonly certificate: X509 }
  | {
      readonly kind: "refused";
      readonly rule: EncodingRule;
      /** Byte offset from the start of the certificate. */
      readonly offset: number;
      /** What is wrong, as a phrase: `the serial number is negative`. */
      readonly reason: string;
    };

/** Never throws for any bytes. */
export function parseX509(der: Uint8Array): Parsed {
  try {
    return { kind: "parsed", certificate: parseCertificate(der) };
  } catch (error) {
    if (error instanceof EncodingRefused) {
      return { kind: "refused", rule: error.rule, offset: error.offset, reason: error.message };
    }
    throw error;
  }
}

function parseCertificate(der: Uint8Array): X509 {
  const reader = new DerReader(der);
  const whole = reader.element(TAG.sequence, "the certificate");
  const outer = DerReader.of(whole);
  const toBeSigned = outer.element(TAG.sequence, "the signed part");
  const outerAlgorithm = outer.element(TAG.sequence, "the signature algorithm");
  const body = readToBeSigned(toBeSigned, outerAlgorithm);
  const signature = rightAligned(readBitString(outer, "the signature"));
  if (!reader.empty) {
    reader.refuse("there is data after the certificate", "trailing-data");
  }
  return { ...body, raw: whole.bytes, rawToBeSigned: toBeSigned.bytes, signature };
}

type Body = Omit<X509, "raw" | "rawToBeSigned" | "signature">;

function readToBeSigned(toBeSigned: Element, outerAlgorithm: Element): Body {
  const reader = DerReader.of(toBeSigned);
  const version = readVersion(reader);
  const serialStart = reader.offset;
  const serial = readInteger(reader, "the serial number");
  if (serial < 0n) {
    throw new EncodingRefused("invalid-value", serialStart, "the serial number is negative");
  }
  const innerAlgorithm = reader.element(TAG.sequence, "the signature algorithm");
  if (!Buffer.from(innerAlgorithm.contents).equals(outerAlgorithm.contents)) {
    throw new EncodingRefused(
      "invalid-value",
      innerAlgorithm.offset,
      "the signature algorithms inside and outside the signed part differ",
    );
  }
  const signatureAlgorithm = readSignatureAlgorithm(innerAlgorithm);
  const issuer = readName(reader, "the issuer");
  const validity = reader.inside(TAG.sequence, "the validity");
  const notBefore = readTime(validity, "the start of validity");
  const notAfter = readTime(validity, "the end of validity");
  const subject = readName(reader, "the subject");
  const publicKey = readSubjectPublicKey(reader);
  const extensions = version === 1 ? [] : readTail(reader, version);
  return {
    version,
    serial,
    serialLength: Math.floor(serial.toString(2).length / 8) + 1,
    signatureAlgorithm,
    issuer,
    subject,
    notBefore,
    notAfter,
    publicKey,
    extensions,
    ...processExtensions(extensions),
  };
}

/** 1, 2 or 3. */
function readVersion(reader: DerReader): number {
  const explicit = reader.optional(contextTag(0, "constructed"), "the version");
  if (explicit === undefined) {
    return 1;
  }
  const inside = DerReader.of(explicit);
  const version = readInt64(inside, "the version");
  if (!inside.empty || version < 0 || version > 2) {
    inside.refuse("the version is not 1, 2 or 3");
  }
  return version + 1;
}

/** What follows the key: unique identifiers (versions 2 and 3), extensions (version 3). Go ignores anything after. */
function readTail(reader: DerReader, version: number): Extension[] {
  reader.optional(contextTag(1), "the issuer's unique identifier");
  reader.optional(contextTag(2), "the subject's unique identifier");
  const explicit = version === 3 ? reader.optional(contextTag(3, "constructed"), "the extensions") : undefined;
  return explicit === undefined ? [] : readExtensions(DerReader.of(explicit).inside(TAG.sequence, "the extensions"));
}

function readExtensions(reader: DerReader): Extension[] {
  const extensions: Extension[] = [];
  const seen = new Set<string>();
  while (!reader.empty) {
    const start = reader.offset;
    const extension = readExtension(reader.inside(TAG.sequence, "an extension"));
    if (seen.has(extension.oid)) {
      throw new EncodingRefused("invalid-value", start, `the extension ${extension.oid} is there twice`);
    }
    seen.add(extension.oid);
    extensions.push(extension);
  }
  return extensions;
}

function readExtension(reader: DerReader): Extension {
  const oid = readOid(reader, "an extension's identifier");
  const critical = reader.next(TAG.boolean) ? readBoolean(reader, "an extension's critical field") : false;
  return { oid, critical, value: reader.element(TAG.octetString, `the value of extension ${oid}`) };
}
