/** What makes a CA a CA, and a leaf not one: RFC 5280 §4.2.1.3, §4.2.1.9 and §4.2.1.10. */
import { type Finding, finding } from "../../../findings.ts";
import { EXTENSION, KEY_USAGE } from "../../x509/extensions.ts";
import type { X509 } from "../../x509/parse.ts";
import { titleOf } from "../place.ts";
import { STRICT_OPENSSL, type StrictQuestion, type StrictRule } from "./rule.ts";

export const authority: StrictRule = (question) => [
  ...question.authorities.flatMap((certificate) => ofAuthority(certificate, question)),
  ...(question.authorities.length > 0 ? ofLeaf(question.leaf, question) : []),
];

function ofAuthority(certificate: X509, { places }: StrictQuestion): Finding[] {
  const place = places.of(certificate);
  const title = titleOf(certificate);
  const found: Finding[] = [];
  if (!isCritical(certificate, EXTENSION.basicConstraints)) {
    const what =
      certificate.basicConstraints === undefined
        ? "has no basicConstraints"
        : "has basicConstraints that are not critical";
    found.push(finding("strict.basic-constraints", place, `The CA ${title} ${what}; ${STRICT_OPENSSL} refuse that.`));
  }
  if (certificate.keyUsage !== undefined && !certificate.keyUsage.has(KEY_USAGE.certificateSign)) {
    found.push(
      finding(
        "strict.key-usage",
        place,
        `The CA ${title} has a keyUsage without keyCertSign; OpenSSL and browsers refuse that.`,
      ),
    );
  }
  if (certificate.nameConstraints !== undefined && !isCritical(certificate, EXTENSION.nameConstraints)) {
    found.push(
      finding(
        "strict.name-constraints",
        place,
        `The name constraints of ${title} are not critical, as RFC 5280 demands.`,
      ),
    );
  }
  return found;
}

function ofLeaf(leaf: X509, { places }: StrictQuestion): Finding[] {
  const place = places.of(leaf);
  const found: Finding[] = [];
  if (leaf.basicConstraints?.isCa) {
    found.push(
      finding("strict.basic-constraints", place, "The serving certificate is a CA itself; browsers may refuse that."),
    );
  } else if (leaf.keyUsage?.has(KEY_USAGE.certificateSign)) {
    found.push(
      finding(
        "strict.key-usage",
        place,
        `The serving certificate is no CA, but its keyUsage has keyCertSign; ${STRICT_OPENSSL} refuse that.`,
      ),
    );
  }
  if (leaf.nameConstraints !== undefined) {
    found.push(
      finding(
        "strict.name-constraints",
        place,
        "The serving certificate has name constraints, which only a CA may have.",
      ),
    );
  }
  if (leaf.keyUsage !== undefined && !leaf.keyUsage.has(KEY_USAGE.digitalSignature)) {
    found.push(
      finding(
        "strict.key-usage",
        place,
        "The serving certificate's keyUsage lacks digitalSignature; browsers refuse it in TLS 1.3.",
      ),
    );
  }
  return found;
}

function isCritical(certificate: X509, oid: string): boolean {
  return certificate.extensions.some((extension) => extension.oid === oid && extension.critical);
}
