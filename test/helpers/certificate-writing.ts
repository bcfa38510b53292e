/** Writes certificates for tests in which any field can be wrong, signed by whatever key is given. */
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { bits, boolean, der, integer, octets, oid, sequence, set, time, utf8 } from "./der-writing.ts";

export interface KeyPair {
  readonly privateKey: KeyObject;
  /** SubjectPublicKeyInfo. */
  readonly spki: Uint8Array;
}

export function ecKey(curve = "prime256v1"): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: curve });
  return { privateKey, spki: publicKey.export({ type: "spki", format: "der" }) };
}

export function rsaKey(bitLength: number): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: bitLength });
  return { privateKey, spki: publicKey.export({ type: "spki", format: "der" }) };
}

/** A complete AlgorithmIdentifier. */
export const ECDSA_SHA256 = sequence(oid("1.2.840.10045.4.3.2"));

export interface WrittenExtension {
  readonly oid: string;
  readonly critical?: boolean;
  /** What is inside the octet string. */
  readonly value: Uint8Array;
}

/** Complete elements, each with a plain default. */
export interface WrittenCertificate {
  readonly key: KeyPair;
  /** Who signs; the key itself when left out. */
  readonly signer?: KeyPair;
  readonly hash?: string;
  /** `undefined` leaves version 1. */
  readonly version?: Uint8Array;
  readonly serial?: Uint8Array;
  readonly algorithm?: Uint8Array;
  /** Outside the signed part; the same when left out. */
  readonly outerAlgorithm?: Uint8Array;
  readonly issuer?: Uint8Array;
  readonly subject?: Uint8Array;
  readonly notBefore?: Uint8Array;
  readonly notAfter?: Uint8Array;
  readonly extensions?: readonly WrittenExtension[];
  /** After the extensions, inside the signed part. */
  readonly tail?: Uint8Array;
}

export const VERSION_3 = der(0xa0, integer(2));

/** A distinguished name with one common name. */
export function named(commonName: string): Buffer {
  return sequence(set(sequence(oid("2.5.4.3"), utf8(commonName))));
}

export const EMPTY_NAME = sequence();

export function writeCertificate(fields: WrittenCertificate): Buffer {
  const algorithm = fields.algorithm ?? ECDSA_SHA256;
  const extensions = (fields.extensions ?? []).map(writeExtension);
  const signed = sequence(
    fields.version ?? VERSION_3,
    fields.serial ?? integer(1),
    algorithm,
    fields.issuer ?? named("issuer"),
    sequence(
      fields.notBefore ?? time(new Date("2026-01-01T00:00:00Z")),
      fields.notAfter ?? time(new Date("2030-01-01T00:00:00Z")),
    ),
    fields.subject ?? named("subject"),
    fields.key.spki,
    extensions.length === 0 ? Buffer.of() : der(0xa3, sequence(...extensions)),
    fields.tail ?? Buffer.of(),
  );
  const { privateKey } = fields.signer ?? fields.key;
  const hash = privateKey.asymmetricKeyType === "ed25519" ? null : (fields.hash ?? "sha256");
  return sequence(signed, fields.outerAlgorithm ?? algorithm, bits(sign(hash, signed, privateKey)));
}

function writeExtension(extension: WrittenExtension): Buffer {
  const critical = extension.critical === undefined ? Buffer.of() : boolean(extension.critical);
  return sequence(oid(extension.oid), critical, octets(extension.value));
}

/** CA:TRUE, critical, with an optional path length. */
export function authorityExtension(pathLength?: number): WrittenExtension {
  const limit = pathLength === undefined ? Buffer.of() : integer(pathLength);
  return { oid: "2.5.29.19", critical: true, value: sequence(boolean(true), limit) };
}

/** Names by their context tag: 1 mail, 2 DNS, 6 URI, 7 IP. */
export function namesExtension(names: readonly Uint8Array[], critical?: boolean): WrittenExtension {
  return { oid: "2.5.29.17", value: sequence(...names), ...(critical === undefined ? {} : { critical }) };
}

export function dnsName(name: string): Buffer {
  return der(0x82, Buffer.from(name, "latin1"));
}

/** Permitted and excluded subtrees, each a list of names as in {@link namesExtension}. */
export function constraintsExtension(
  permitted: readonly Uint8Array[],
  excluded: readonly Uint8Array[] = [],
  critical = true,
): WrittenExtension {
  const subtrees = (tag: number, names: readonly Uint8Array[]) =>
    names.length === 0 ? Buffer.of() : der(tag, ...names.map((name) => sequence(name)));
  return { oid: "2.5.29.30", critical, value: sequence(subtrees(0xa0, permitted), subtrees(0xa1, excluded)) };
}

/** Usages by bit number: 0 digitalSignature, 2 keyEncipherment, 5 keyCertSign. */
export function keyUsageExtension(usages: readonly number[]): WrittenExtension {
  const byte = usages.reduce((sum, usage) => sum | (0x80 >> usage), 0);
  let padding = 0;
  while (byte !== 0 && ((byte >> padding) & 1) === 0) {
    padding += 1;
  }
  const value = byte === 0 ? bits(Buffer.of()) : bits(Buffer.of(byte), padding);
  return { oid: "2.5.29.15", critical: true, value };
}

export function purposesExtension(purposes: readonly string[]): WrittenExtension {
  return { oid: "2.5.29.37", value: sequence(...purposes.map(oid)) };
}
