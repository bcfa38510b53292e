/** Reads a private key as people have it: PKCS#8, PKCS#1 or SEC1, plain or encrypted, alone or beside certificates. */
import { createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { FarrierError } from "../../errors.ts";
import type { Certificate, KeyFacts } from "../certificate.ts";
import { Secret } from "../secret.ts";
import { refuseOtherFormats } from "./format.ts";
import { type PeoplesBlock, peoplesPemBlocks } from "./peoples-pem.ts";

export interface PrivateKey {
  readonly algorithm: KeyFacts["algorithm"];
  readonly bits: number;
  /** SHA-256 of the public half's SubjectPublicKeyInfo, lower-case hex. */
  readonly spkiHash: string;
  /** Unencrypted PKCS#8 PEM. */
  readonly pem: Secret;
}

/**
 * @param label the file's name, for sentences
 * @throws FarrierError `input.file-empty`, `input.not-pem`, `input.needs-conversion`, `input.key-malformed`,
 *   `input.key-passphrase`; never with anything of the key in it
 */
export function readPrivateKey(content: Uint8Array | string, label: string, passphrase?: Secret): PrivateKey {
  const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : content;
  refuseOtherFormats(bytes, label);
  const blocks = peoplesPemBlocks(bytes).filter(({ type }) => type.endsWith("PRIVATE KEY"));
  const [block, second] = blocks;
  if (block === undefined) {
    throw new FarrierError("input.not-pem", `${label} holds no private key in PEM.`, {
      hint: "Name the file with the private key; it has a BEGIN … PRIVATE KEY line.",
    });
  }
  if (second !== undefined) {
    throw new FarrierError(
      "input.key-malformed",
      `${label} holds ${blocks.length} private keys; exactly one is needed.`,
    );
  }
  return factsOf(importKey(block, label, passphrase));
}

/** Whether a certificate was made for this key. */
export function keyMatchesCertificate(key: PrivateKey, certificate: Certificate): boolean {
  return key.spkiHash === certificate.spkiHash;
}

function importKey(block: PeoplesBlock, label: string, passphrase: Secret | undefined): KeyObject {
  const encrypted =
    block.type === "ENCRYPTED PRIVATE KEY" || block.headers.some((header) => header.includes("ENCRYPTED"));
  if (encrypted && passphrase === undefined) {
    throw new FarrierError(
      "input.key-passphrase",
      `The private key in ${label} is encrypted, and no passphrase was given.`,
    );
  }
  try {
    const key = rearmoured(block);
    return createPrivateKey(passphrase === undefined ? { key } : { key, passphrase: passphrase.reveal() });
  } catch (error) {
    // The library's own words stay out: they can quote the input.
    throw encrypted
      ? wrongPassphrase(label, error)
      : new FarrierError("input.key-malformed", `The private key in ${label} cannot be read.`);
  }
}

function wrongPassphrase(label: string, error: unknown): FarrierError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return code === "ERR_OSSL_EVP_UNSUPPORTED" || code === "ERR_OSSL_UNSUPPORTED"
    ? new FarrierError(
        "input.key-malformed",
        `The private key in ${label} is encrypted with a cipher that is no longer supported.`,
        {
          hint: "Encrypt it anew: openssl pkcs8 -topk8 -v2 aes-256-cbc -provider legacy -provider default.",
        },
      )
    : new FarrierError("input.key-passphrase", `The passphrase does not open the private key in ${label}.`);
}

/** The block alone, written regularly: OpenSSL does not read every form that people have. */
function rearmoured({ type, headers, bytes }: PeoplesBlock): string {
  const body =
    Buffer.from(bytes ?? [])
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  const head = headers.length === 0 ? [] : [...headers, ""];
  return [`-----BEGIN ${type}-----`, ...head, ...body, `-----END ${type}-----`, ""].join("\n");
}

function factsOf(key: KeyObject): PrivateKey {
  const spki = createPublicKey(key).export({ type: "spki", format: "der" });
  return {
    ...kindOf(key),
    spkiHash: createHash("sha256").update(spki).digest("hex"),
    pem: Secret.of(key.export({ type: "pkcs8", format: "pem" }).toString()),
  };
}

const CURVE_BITS: Readonly<Record<string, number>> = {
  secp224r1: 224,
  prime256v1: 256,
  secp384r1: 384,
  secp521r1: 521,
};

function kindOf(key: KeyObject): KeyFacts {
  const { modulusLength = 0, namedCurve = "" } = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case "rsa":
      return { algorithm: "RSA", bits: modulusLength };
    case "ec":
      return { algorithm: "ECDSA", bits: CURVE_BITS[namedCurve] ?? 0 };
    case "ed25519":
      return { algorithm: "Ed25519", bits: 256 };
    case "dsa":
      return { algorithm: "DSA", bits: modulusLength };
    default:
      return { algorithm: "unknown", bits: 0 };
  }
}
