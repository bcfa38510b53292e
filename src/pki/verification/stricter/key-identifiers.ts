/** Key identifiers: RFC 5280 §4.2.1.1 and §4.2.1.2, CA/Browser Forum BR §7.1.2.1.3. */
import { type Finding, finding } from "../../../findings.ts";
import { contextTag, DerReader, TAG } from "../../der/reader.ts";
import { EXTENSION } from "../../x509/extensions.ts";
import type { X509 } from "../../x509/parse.ts";
import { isSelfSigned } from "../../x509/signature.ts";
import { titleOf } from "../place.ts";
import { STRICT_OPENSSL, type StrictQuestion, type StrictRule } from "./rule.ts";

export const keyIdentifiers: StrictRule = (question) => [
  ...question.path.flatMap((certificate) => authorityKeyId(certificate, question)),
  ...question.authorities.flatMap((certificate) => subjectKeyId(certificate, question)),
];

function authorityKeyId(certificate: X509, { places }: StrictQuestion): Finding[] {
  const extension = certificate.extensions.find(({ oid }) => oid === EXTENSION.authorityKeyId);
  if (!isSelfSigned(certificate)) {
    return certificate.authorityKeyId === undefined
      ? [warn(`${titleOf(certificate)} has no authority key identifier; ${STRICT_OPENSSL} refuse that.`)]
      : [];
  }
  if (extension === undefined) {
    return [];
  }
  const own = Buffer.from(certificate.subjectKeyId ?? []);
  if (certificate.authorityKeyId === undefined || !own.equals(certificate.authorityKeyId)) {
    return [
      warn(
        `The authority key identifier of the root ${titleOf(certificate)} is not its own key's; OpenSSL and browsers may not find the root.`,
      ),
    ];
  }
  return namesAnIssuer(extension.value.contents)
    ? [
        warn(
          `The authority key identifier of the root ${titleOf(certificate)} names an issuer and serial number, which the CA/Browser Forum forbids.`,
        ),
      ]
    : [];

  function warn(sentence: string): Finding {
    return finding("strict.authority-key-id", places.of(certificate), sentence);
  }
}

/** Whether authorityCertIssuer [1] or authorityCertSerialNumber [2] is there; the parser accepted the rest before. */
function namesAnIssuer(value: Uint8Array): boolean {
  const reader = new DerReader(value).inside(TAG.sequence, "the authority key identifier");
  reader.optional(contextTag(0), "the key identifier");
  return reader.next(contextTag(1, "constructed")) || reader.next(contextTag(2));
}

function subjectKeyId(certificate: X509, { places }: StrictQuestion): Finding[] {
  return certificate.subjectKeyId === undefined
    ? [
        finding(
          "strict.subject-key-id",
          places.of(certificate),
          `The CA ${titleOf(certificate)} has no subject key identifier; ${STRICT_OPENSSL} refuse that.`,
        ),
      ]
    : [];
}
