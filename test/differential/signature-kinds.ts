/** Signature algorithms as they are named in certificates (RFC 3279, 4055, 5758, 8410). */
import { constants, type KeyObject, type SignKeyObjectInput } from "node:crypto";
import { constructed, type DerNode, integer, objectIdentifier, primitive, sequence } from "./der-tree.ts";

/** `own` is what fits the key; the others are for certificates that Go should refuse, or just about accept. */
export const SIGNATURE_KINDS = ["own", "sha1", "md5", "sha512", "pss"] as const;
export type SignatureKind = (typeof SIGNATURE_KINDS)[number];

const RSA = "1.2.840.113549.1.1";
const ECDSA = "1.2.840.10045.4";
const RSA_ARC = { md5: 4, sha1: 5, sha256: 11, sha384: 12, sha512: 13 } as const;
const ECDSA_ARC = { md5: "1", sha1: "1", sha256: "3.2", sha384: "3.3", sha512: "3.4" } as const;
const SHA256 = "2.16.840.1.101.3.4.2.1";
const NULL: DerNode = primitive(0x05, []);
const SALT_OCTETS = 32;

type Hash = keyof typeof RSA_ARC;

/** The hash as node:crypto names it; Ed25519 has its own inside. */
export function hashName(key: KeyObject, kind: SignatureKind): Hash | null {
  if (key.asymmetricKeyType === "ed25519") return null;
  // X.509 has no name for ECDSA with MD5.
  if (kind === "md5") return key.asymmetricKeyType === "rsa" ? "md5" : "sha1";
  if (kind === "sha1" || kind === "sha512") return kind;
  return key.asymmetricKeyDetails?.namedCurve === "secp384r1" ? "sha384" : "sha256";
}

/** The key, with padding where it is not the usual one. */
export function signingOptions(key: KeyObject, kind: SignatureKind): KeyObject | SignKeyObjectInput {
  if (key.asymmetricKeyType !== "rsa" || kind !== "pss") return key;
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: SALT_OCTETS };
}

/** AlgorithmIdentifier as it stands in a certificate. */
export function algorithmIdentifier(key: KeyObject, kind: SignatureKind): DerNode {
  const hash = hashName(key, kind);
  if (hash === null) return sequence(objectIdentifier("1.3.101.112"));
  if (key.asymmetricKeyType !== "rsa") return sequence(objectIdentifier(`${ECDSA}.${ECDSA_ARC[hash]}`));
  if (kind !== "pss") return sequence(objectIdentifier(`${RSA}.${RSA_ARC[hash]}`), NULL);
  const sha256 = sequence(objectIdentifier(SHA256), NULL);
  return sequence(
    objectIdentifier(`${RSA}.10`),
    sequence(
      constructed(0xa0, sha256),
      constructed(0xa1, sequence(objectIdentifier(`${RSA}.8`), sha256)),
      constructed(0xa2, integer(SALT_OCTETS)),
    ),
  );
}
