/** Signature algorithms as Go names and knows them (crypto/x509 `signatureAlgorithmDetails`). */
import { contextTag, DerReader, type Element, EncodingRefused, TAG } from "../der/reader.ts";
import { readInt64, readOid } from "../der/values.ts";

/** What is known of a signature algorithm; `hash` undefined with a `scheme` means that the scheme hashes by itself. */
export interface SignatureAlgorithm {
  readonly name: string;
  readonly oid: string;
  readonly scheme: "rsa" | "rsa-pss" | "ecdsa" | "ed25519" | "dsa" | "unknown";
  readonly hash?: "md5" | "sha1" | "sha256" | "sha384" | "sha512";
}

const KNOWN: readonly SignatureAlgorithm[] = [
  { name: "MD5-RSA", oid: "1.2.840.113549.1.1.4", scheme: "rsa", hash: "md5" },
  { name: "SHA1-RSA", oid: "1.2.840.113549.1.1.5", scheme: "rsa", hash: "sha1" },
  { name: "SHA1-RSA", oid: "1.3.14.3.2.29", scheme: "rsa", hash: "sha1" },
  { name: "SHA256-RSA", oid: "1.2.840.113549.1.1.11", scheme: "rsa", hash: "sha256" },
  { name: "SHA384-RSA", oid: "1.2.840.113549.1.1.12", scheme: "rsa", hash: "sha384" },
  { name: "SHA512-RSA", oid: "1.2.840.113549.1.1.13", scheme: "rsa", hash: "sha512" },
  { name: "DSA-SHA1", oid: "1.2.840.10040.4.3", scheme: "dsa", hash: "sha1" },
  { name: "DSA-SHA256", oid: "2.16.840.1.101.3.4.3.2", scheme: "dsa", hash: "sha256" },
  { name: "ECDSA-SHA1", oid: "1.2.840.10045.4.1", scheme: "ecdsa", hash: "sha1" },
  { name: "ECDSA-SHA256", oid: "1.2.840.10045.4.3.2", scheme: "ecdsa", hash: "sha256" },
  { name: "ECDSA-SHA384", oid: "1.2.840.10045.4.3.3", scheme: "ecdsa", hash: "sha384" },
  { name: "ECDSA-SHA512", oid: "1.2.840.10045.4.3.4", scheme: "ecdsa", hash: "sha512" },
  { name: "Ed25519", oid: "1.3.101.112", scheme: "ed25519" },
];

const RSA_PSS = "1.2.840.113549.1.1.10";
const ED25519 = "1.3.101.112";
const MGF1 = "1.2.840.113549.1.1.8";

const PSS_HASHES: Readonly<Record<string, { readonly hash: "sha256" | "sha384" | "sha512"; readonly salt: number }>> = {
  "2.16.840.1.101.3.4.2.1": { hash: "sha256", salt: 32 },
  "2.16.840.1.101.3.4.2.2": { hash: "sha384", salt: 48 },
  "2.16.840.1.101.3.4.2.3": { hash: "sha512", salt: 64 },
};

/** Go's `getSignatureAlgorithmFromAI`, given the contents of the AlgorithmIdentifier. */
export function readSignatureAlgorithm(identifier: Element): SignatureAlgorithm {
  const reader = DerReader.of(identifier);
  const oid = readOid(reader, "the signature algorithm");
  const parameters = reader.empty ? undefined : reader.any("the signature algorithm's parameters");
  if (oid === RSA_PSS) {
    return (parameters && readPss(parameters)) ?? unknown(oid);
  }
  if (oid === ED25519 && parameters !== undefined) {
    return unknown(oid);
  }
  return KNOWN.find((known) => known.oid === oid) ?? unknown(oid);
}

function unknown(oid: string): SignatureAlgorithm {
  return { name: oid, oid, scheme: "unknown" };
}

/** Go takes three forms of PSS: hash = MGF1's hash, salt as long as the hash, default trailer. */
function readPss(parameters: Element): SignatureAlgorithm | undefined {
  try {
    return pssOf(new DerReader(parameters.bytes, parameters.offset).inside(TAG.sequence, "PSS parameters"));
  } catch (error) {
    if (error instanceof EncodingRefused) {
      return undefined;
    }
    throw error;
  }
}

function pssOf(reader: DerReader): SignatureAlgorithm | undefined {
  const hash = readAlgorithm(reader.inside(contextTag(0, "constructed"), "the PSS hash"));
  const mask = readAlgorithm(reader.inside(contextTag(1, "constructed"), "the PSS mask"));
  const salt = readInt64(reader.inside(contextTag(2, "constructed"), "the PSS salt"), "the PSS salt length");
  const trailer = reader.optional(contextTag(3, "constructed"), "the PSS trailer");
  if (mask.oid !== MGF1 || mask.parameters === undefined) {
    return undefined;
  }
  const maskHash = readAlgorithm(new DerReader(mask.parameters.bytes, mask.parameters.offset));
  const known = PSS_HASHES[hash.oid];
  const fits =
    known?.salt === salt &&
    maskHash.oid === hash.oid &&
    nullOrAbsent(hash.parameters) &&
    nullOrAbsent(maskHash.parameters) &&
    (trailer === undefined || readInt64(DerReader.of(trailer), "the PSS trailer") === 1);
  if (!fits || known === undefined) {
    return undefined;
  }
  return { name: `${known.hash.toUpperCase()}-RSAPSS`, oid: RSA_PSS, scheme: "rsa-pss", hash: known.hash };
}

interface Algorithm {
  readonly oid: string;
  readonly parameters: Element | undefined;
}

function readAlgorithm(reader: DerReader): Algorithm {
  const inside = reader.inside(TAG.sequence, "an algorithm");
  const oid = readOid(inside, "an algorithm");
  return { oid, parameters: inside.empty ? undefined : inside.any("an algorithm's parameters") };
}

function nullOrAbsent(parameters: Element | undefined): boolean {
  return parameters === undefined || (parameters.tag === TAG.null && parameters.contents.length === 0);
}
