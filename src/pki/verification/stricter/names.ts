/** Names: RFC 5280 §4.1.2.4, §4.1.2.6 and §4.2.1.6, CA/Browser Forum BR §7.1.2.7.12. */
import { type Finding, finding } from "../../../findings.ts";
import { EXTENSION } from "../../x509/extensions.ts";
import type { X509 } from "../../x509/parse.ts";
import { titleOf } from "../place.ts";
import { STRICT_OPENSSL, type StrictQuestion, type StrictRule } from "./rule.ts";

export const names: StrictRule = (question) => [
  ...emptyNames(question),
  ...criticality(question.leaf, question),
  ...wildcards(question.leaf, question),
];

function emptyNames({ path, authorities, places }: StrictQuestion): Finding[] {
  return [
    ...path
      .filter(({ issuer }) => issuer.parts.length === 0)
      .map((certificate) =>
        finding(
          "strict.empty-name",
          places.of(certificate),
          `The issuer of the certificate ${titleOf(certificate)} has an empty name; ${STRICT_OPENSSL} refuse that.`,
        ),
      ),
    ...authorities
      .filter(({ subject }) => subject.parts.length === 0)
      .map((certificate) =>
        finding(
          "strict.empty-name",
          places.of(certificate),
          `The CA ${titleOf(certificate)} has an empty subject; ${STRICT_OPENSSL} refuse that.`,
        ),
      ),
  ];
}

/** Critical exactly when the subject is empty. */
function criticality(leaf: X509, { places }: StrictQuestion): Finding[] {
  const extension = leaf.extensions.find(({ oid }) => oid === EXTENSION.alternativeNames);
  const emptySubject = leaf.subject.parts.length === 0;
  if (extension === undefined || extension.critical === emptySubject) {
    return [];
  }
  const sentence = emptySubject
    ? `The certificate has an empty subject, and its alternative names are not critical; ${STRICT_OPENSSL} refuse that.`
    : "The certificate's alternative names are critical although it has a subject, which the CA/Browser Forum forbids.";
  return [finding("strict.alternative-names", places.of(leaf), sentence)];
}

function wildcards(leaf: X509, { places }: StrictQuestion): Finding[] {
  return leaf.names.dns
    .filter((name) => /^\*\.[^.]+$/.test(name))
    .map((name) =>
      finding(
        "strict.wildcard",
        places.of(leaf),
        `The name ${name} covers a whole top-level domain; browsers and curl do not accept it.`,
      ),
    );
}
