/** Serial numbers: positive, and at most 20 bytes (RFC 5280 §4.1.2.2). Go refuses only negative ones. */
import { type Finding, finding } from "../../../findings.ts";
import { titleOf } from "../place.ts";
import type { StrictRule } from "./rule.ts";

const MAX_BYTES = 20;

export const serialNumber: StrictRule = ({ path, places }) =>
  path.flatMap((certificate): Finding[] => {
    const { serial, serialLength } = certificate;
    if (serial !== 0n && serialLength <= MAX_BYTES) {
      return [];
    }
    const what = serial === 0n ? "zero" : `${serialLength} bytes long`;
    return [
      finding(
        "strict.serial-number",
        places.of(certificate),
        `The serial number of ${titleOf(certificate)} is ${what}; GnuTLS and browsers may refuse that.`,
      ),
    ];
  });
