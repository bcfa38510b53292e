/** Whether one certificate's key really signed another: cryptography only, by the runtime. The rules are elsewhere. */
import { constants, type KeyObject, verify } from "node:crypto";
import type { X509 } from "./parse.ts";

/** False too where the runtime cannot check such a signature. */
export function isSignedBy(child: X509, parent: X509): boolean {
  const key = parent.publicKey.handle();
  const { scheme, hash } = child.signatureAlgorithm;
  const fits =
    (scheme === "rsa-pss" ? "rsa" : scheme) === parent.publicKey.key.kind && scheme !== "dsa" && scheme !== "unknown";
  if (key === undefined || !fits) {
    return false;
  }
  try {
    return verify(hash ?? null, child.rawToBeSigned, options(key, scheme), child.signature);
  } catch {
    return false;
  }
}

function options(key: KeyObject, scheme: "rsa" | "rsa-pss" | "ecdsa" | "ed25519") {
  switch (scheme) {
    case "rsa":
      return { key, padding: constants.RSA_PKCS1_PADDING };
    case "rsa-pss":
      return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
    case "ecdsa":
      return { key, dsaEncoding: "der" as const };
    case "ed25519":
      return { key };
  }
}

/**
 * Issuer and subject are the same bytes and the certificate's own key signed it. A signature of a kind that is not known
 * here (ECDSA with SHA-224, say) is believed: OpenSSL and curl, too, know a root by its names and never check how it
 * signed itself.
 */
export function isSelfSigned(certificate: X509): boolean {
  const ownName = Buffer.from(certificate.issuer.raw).equals(certificate.subject.raw);
  return ownName && (certificate.signatureAlgorithm.scheme === "unknown" || isSignedBy(certificate, certificate));
}
