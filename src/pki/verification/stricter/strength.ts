/** Keys and signatures that Go still takes and others do not. */
import { type Finding, finding } from "../../../findings.ts";
import type { X509 } from "../../x509/parse.ts";
import { isSelfSigned } from "../../x509/signature.ts";
import { titleOf } from "../place.ts";
import type { StrictQuestion, StrictRule } from "./rule.ts";

const MIN_RSA_BITS = 2048;

export const strength: StrictRule = (question) =>
  question.path.flatMap((certificate) => [...keySize(certificate, question), ...signature(certificate, question)]);

/** OpenSSL from 3.2 on has security level 2 by default: 112 bits. */
function keySize(certificate: X509, { places }: StrictQuestion): Finding[] {
  const { key } = certificate.publicKey;
  const place = places.of(certificate);
  if (key.kind === "rsa" && key.bits < MIN_RSA_BITS) {
    return [
      finding(
        "strict.key-size",
        place,
        `${titleOf(certificate)} has an RSA key of ${key.bits} bits; OpenSSL and browsers want at least ${MIN_RSA_BITS}.`,
      ),
    ];
  }
  if (key.kind === "ecdsa" && key.curve === "P-224") {
    return [
      finding(
        "strict.key-size",
        place,
        `${titleOf(certificate)} has a key on P-224, which browsers do not support and TLS 1.3 does not have.`,
      ),
    ];
  }
  return [];
}

/** Nobody checks the signature that a root puts under itself; Go does not check an anchor's at all. */
function signature(certificate: X509, { leaf, places }: StrictQuestion): Finding[] {
  const { scheme, hash, name } = certificate.signatureAlgorithm;
  const weak = scheme === "dsa" || scheme === "unknown" || hash === "sha1" || hash === "md5";
  if (!weak || (certificate !== leaf && isSelfSigned(certificate))) {
    return [];
  }
  return [
    finding(
      "strict.signature-algorithm",
      places.of(certificate),
      `${titleOf(certificate)} is signed with ${name}; OpenSSL and browsers refuse that.`,
    ),
  ];
}
