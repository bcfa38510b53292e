/** The SubjectPublicKeyInfo: which keys Go can parse at all, and what it then knows about them. */
import { createPublicKey, type KeyObject } from "node:crypto";
import { DerReader, type Element, EncodingRefused, TAG } from "../der/reader.ts";
import { readBitString, readInt64, readInteger, readOid, rightAligned } from "../der/values.ts";

type PublicKey =
  | { readonly kind: "rsa"; readonly bits: number; readonly modulus: bigint; readonly exponent: number }
  | { readonly kind: "ecdsa"; readonly bits: number; readonly curve: string }
  | { readonly kind: "ed25519"; readonly bits: number }
  | { readonly kind: "dsa"; readonly bits: number }
  /** An algorithm that Go does not know: it parses the certificate, but the key can verify nothing. */
  | { readonly kind: "unknown"; readonly bits: number; readonly oid: string };

export interface SubjectPublicKey {
  readonly key: PublicKey;
  /** The whole SubjectPublicKeyInfo. */
  readonly raw: Uint8Array;
  /** The key for the runtime's cryptography; undefined where the runtime cannot take it. */
  readonly handle: () => KeyObject | undefined;
}

const CURVES: Readonly<Record<string, { readonly curve: string; readonly bits: number }>> = {
  "1.3.132.0.33": { curve: "P-224", bits: 224 },
  "1.2.840.10045.3.1.7": { curve: "P-256", bits: 256 },
  "1.3.132.0.34": { curve: "P-384", bits: 384 },
  "1.3.132.0.35": { curve: "P-521", bits: 521 },
};

const WHAT = "the public key";

export function readSubjectPublicKey(reader: DerReader): SubjectPublicKey {
  const whole = reader.element(TAG.sequence, WHAT);
  const inside = DerReader.of(whole);
  const algorithm = inside.element(TAG.sequence, "the public key's algorithm");
  const algorithmReader = DerReader.of(algorithm);
  const oid = readOid(algorithmReader, "the public key's algorithm");
  const parameters = algorithmReader.empty ? undefined : algorithmReader.any("the public key's parameters");
  const data = rightAligned(readBitString(inside, WHAT));
  // Go ignores what follows the parameters; OpenSSL would not import the key with it.
  const known = algorithm.contents.subarray(0, algorithmReader.offset - algorithm.contentsOffset);
  const handle = () => importKey(tlv(TAG.sequence, known), data);
  return { key: parseKey({ oid, parameters, data, handle, offset: whole.offset }), raw: whole.bytes, handle };
}

interface KeySource {
  readonly oid: string;
  readonly parameters: Element | undefined;
  readonly data: Uint8Array;
  readonly handle: () => KeyObject | undefined;
  readonly offset: number;
}

/** Go's `parsePublicKey`. */
function parseKey(source: KeySource): PublicKey {
  switch (source.oid) {
    case "1.2.840.113549.1.1.1":
      return rsaKey(source);
    case "1.2.840.10045.2.1":
      return ecdsaKey(source);
    case "1.3.101.112":
      if (source.parameters !== undefined || source.data.length !== 32) {
        throw refused(source, "an Ed25519 key with parameters or of the wrong size");
      }
      return { kind: "ed25519", bits: 256 };
    case "1.2.840.10040.4.1":
      return dsaKey(source);
    default:
      return { kind: "unknown", bits: 0, oid: source.oid };
  }
}

function rsaKey(source: KeySource): PublicKey {
  const parameters = source.parameters?.bytes;
  if (parameters?.length !== 2 || parameters[0] !== TAG.null || parameters[1] !== 0) {
    throw refused(source, "an RSA key without NULL parameters");
  }
  const reader = new DerReader(source.data, source.offset).inside(TAG.sequence, WHAT);
  const modulus = readInteger(reader, "the RSA modulus");
  const exponent = readInt64(reader, "the RSA exponent");
  if (modulus <= 0n || exponent <= 0) {
    throw refused(source, "an RSA modulus or exponent that is not positive");
  }
  return { kind: "rsa", bits: bitLength(modulus), modulus, exponent };
}

/** Only the four NIST curves, named, with an uncompressed point that is on the curve. */
function ecdsaKey(source: KeySource): PublicKey {
  if (source.parameters === undefined) {
    throw refused(source, "an elliptic curve key without a named curve");
  }
  const parameters = new DerReader(source.parameters.bytes, source.parameters.offset);
  const oid = readOid(parameters, "the elliptic curve");
  const found = CURVES[oid];
  if (found === undefined) {
    throw refused(source, `an elliptic curve that Go does not support (${oid})`);
  }
  const size = 1 + 2 * Math.ceil(found.bits / 8);
  if (source.data[0] !== 4 || source.data.length !== size || source.handle() === undefined) {
    throw refused(source, "an elliptic curve point that is compressed, of the wrong size or not on the curve");
  }
  return { kind: "ecdsa", ...found };
}

function dsaKey(source: KeySource): PublicKey {
  const y = readInteger(new DerReader(source.data, source.offset), "the DSA key");
  if (source.parameters === undefined) {
    throw refused(source, "a DSA key without parameters");
  }
  const reader = new DerReader(source.parameters.bytes, source.parameters.offset).inside(TAG.sequence, WHAT);
  const p = readInteger(reader, "the DSA prime");
  const q = readInteger(reader, "the DSA divisor");
  const g = readInteger(reader, "the DSA generator");
  if (y <= 0n || p <= 0n || q <= 0n || g <= 0n) {
    throw refused(source, "a DSA key with a number that is not positive");
  }
  return { kind: "dsa", bits: bitLength(p) };
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}

function refused(source: KeySource, message: string): EncodingRefused {
  return new EncodingRefused("invalid-value", source.offset, message);
}

function importKey(algorithm: Uint8Array, data: Uint8Array): KeyObject | undefined {
  const bits = tlv(TAG.bitString, Buffer.concat([Buffer.of(0), data]));
  try {
    const key = tlv(TAG.sequence, Buffer.concat([algorithm, bits]));
    return createPublicKey({ key, format: "der", type: "spki" });
  } catch {
    return undefined;
  }
}

function tlv(tag: number, contents: Uint8Array): Buffer {
  const length = contents.length;
  if (length < 128) {
    return Buffer.concat([Buffer.of(tag, length), contents]);
  }
  const bytes = Buffer.from(length.toString(16).padStart(length > 0xffff ? 6 : length > 0xff ? 4 : 2, "0"), "hex");
  return Buffer.concat([Buffer.of(tag, 0x80 | bytes.length), bytes, contents]);
}
