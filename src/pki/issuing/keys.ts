import { createPrivateKey, createPublicKey, type KeyObject, webcrypto } from "node:crypto";

/** The kinds of key that Farrier makes. P-256 is quick and every agent since Rancher 2.0 accepts it. */
export const KEY_ALGORITHMS = ["ecdsa-p256", "rsa-2048", "rsa-3072", "rsa-4096"] as const;

export type KeyAlgorithm = (typeof KEY_ALGORITHMS)[number];

/** Hashes that a signature can use. SHA-1 exists here only because tests need certificates that Go refuses. */
export type SignatureHash = "SHA-1" | "SHA-256" | "SHA-384" | "SHA-512";

/** A private key in the two forms that issuing needs, with its public half. */
export interface IssuingKey {
  readonly privateKey: KeyObject;
  readonly publicKey: webcrypto.CryptoKey;
}

type ImportAlgorithm = webcrypto.EcKeyImportParams | webcrypto.RsaHashedImportParams;

/** Makes a new key. ECDSA takes about 0.1 ms, RSA 2048 about 100 ms, RSA 4096 about a second. */
export async function generateKey(algorithm: KeyAlgorithm): Promise<IssuingKey> {
  const pair = await webcrypto.subtle.generateKey(generation(algorithm), true, ["sign", "verify"]);
  const der = await webcrypto.subtle.exportKey("pkcs8", pair.privateKey);
  const privateKey = createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" });
  return { privateKey, publicKey: pair.publicKey };
}

/** The key as unencrypted PKCS#8 PEM, which `kubectl create secret tls` and Rancher's ingress read. */
export function keyToPem(key: IssuingKey): string {
  return key.privateKey.export({ format: "pem", type: "pkcs8" }).toString();
}

/**
 * Reads a PEM key (PKCS#8, PKCS#1 or SEC1) for signing.
 * @throws Error of node:crypto when it is not a key or needs a passphrase; `RangeError` for other kinds than RSA and NIST curves
 */
export async function keyFromPem(pem: string, passphrase?: string): Promise<IssuingKey> {
  const privateKey = createPrivateKey({ key: pem, format: "pem", ...(passphrase === undefined ? {} : { passphrase }) });
  const spki = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  const algorithm = importAlgorithm(privateKey, "SHA-256");
  return { privateKey, publicKey: await webcrypto.subtle.importKey("spki", spki, algorithm, true, ["verify"]) };
}

/** The same key for WebCrypto, which binds an RSA key to one hash at import. */
export async function signingKey(privateKey: KeyObject, hash: SignatureHash): Promise<webcrypto.CryptoKey> {
  const der = privateKey.export({ format: "der", type: "pkcs8" });
  return webcrypto.subtle.importKey("pkcs8", der, importAlgorithm(privateKey, hash), true, ["sign"]);
}

/** The hash that fits a key unless the caller names another: RFC 5656 pairs P-384 with SHA-384 and P-521 with SHA-512. */
export function defaultHash(privateKey: KeyObject): SignatureHash {
  switch (privateKey.asymmetricKeyDetails?.namedCurve) {
    case "secp384r1":
      return "SHA-384";
    case "secp521r1":
      return "SHA-512";
    default:
      return "SHA-256";
  }
}

function generation(algorithm: KeyAlgorithm): webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams {
  if (algorithm === "ecdsa-p256") return { name: "ECDSA", namedCurve: "P-256" };
  return {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength: Number(algorithm.slice("rsa-".length)),
    publicExponent: new Uint8Array([1, 0, 1]),
  };
}

const CURVES: Readonly<Record<string, string>> = { prime256v1: "P-256", secp384r1: "P-384", secp521r1: "P-521" };

function importAlgorithm(key: KeyObject, hash: SignatureHash): ImportAlgorithm {
  if (key.asymmetricKeyType === "rsa") return { name: "RSASSA-PKCS1-v1_5", hash };
  const curve = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ""];
  if (key.asymmetricKeyType === "ec" && curve !== undefined) return { name: "ECDSA", namedCurve: curve };
  throw new RangeError(`a key of type ${key.asymmetricKeyType ?? "unknown"} cannot sign certificates here`);
}
