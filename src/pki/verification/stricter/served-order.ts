/** What a server sends should be the path, in order (RFC 5246 §7.4.2). Go does not mind; some clients do. */
import { finding } from "../../../findings.ts";
import { isSelfSigned } from "../../x509/signature.ts";
import { titleOf } from "../place.ts";
import type { StrictRule } from "./rule.ts";

export const servedOrder: StrictRule = ({ served, places }) =>
  served.flatMap((certificate, index) => {
    const next = served[index + 1];
    const fits = next === undefined || Buffer.from(certificate.issuer.raw).equals(next.subject.raw);
    if (fits) {
      return [];
    }
    const what = isSelfSigned(certificate) ? "which is a root" : `whose issuer is another`;
    return [
      finding(
        "strict.served-order",
        places.of(next),
        `${titleOf(next)} follows ${titleOf(certificate)} (${what}) in what the server sends; Java and old OpenSSL clients want each certificate to be the issuer of the one before.`,
      ),
    ];
  });
