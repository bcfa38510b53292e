/** Extended key usage as the CA/Browser Forum wants it (BR §7.1.2.7.6, §7.1.2.1.2). */
import { type Finding, finding } from "../../../findings.ts";
import { EXTENSION } from "../../x509/extensions.ts";
import { isSelfSigned } from "../../x509/signature.ts";
import { PURPOSE_ANY } from "../key-purpose.ts";
import { titleOf } from "../place.ts";
import type { StrictRule } from "./rule.ts";

export const purpose: StrictRule = ({ leaf, authorities, places }) => {
  const place = places.of(leaf);
  const warn = (sentence: string) => finding("strict.extended-key-usage", place, sentence);
  const found: Finding[] = [];
  if (leaf.extendedKeyUsage === undefined) {
    found.push(
      warn("The certificate has no extendedKeyUsage; macOS and iOS refuse server certificates without serverAuth."),
    );
  } else if (leaf.extendedKeyUsage.includes(PURPOSE_ANY)) {
    found.push(
      warn("The certificate's extendedKeyUsage has anyExtendedKeyUsage, which browsers do not take for serverAuth."),
    );
  }
  if (leaf.extensions.some(({ oid, critical }) => oid === EXTENSION.extendedKeyUsage && critical)) {
    found.push(warn("The certificate's extendedKeyUsage is critical, which the CA/Browser Forum forbids."));
  }
  const roots = authorities.filter((authority) => isSelfSigned(authority) && authority.extendedKeyUsage !== undefined);
  return [
    ...found,
    ...roots.map((root) =>
      finding(
        "strict.extended-key-usage",
        places.of(root),
        `The root ${titleOf(root)} has an extendedKeyUsage, which the CA/Browser Forum forbids.`,
      ),
    ),
  ];
};
