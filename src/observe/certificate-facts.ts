/** A certificate as people recognise it. */
import type { CertificateFacts } from "../estate/estate.ts";
import type { Certificate } from "../pki/certificate.ts";

export function certificateFactsOf(certificate: Certificate): CertificateFacts {
  return {
    subject: certificate.subject,
    issuer: certificate.issuer,
    fingerprint: certificate.fingerprint,
    notBefore: certificate.notBefore.toISOString(),
    notAfter: certificate.notAfter.toISOString(),
    ca: certificate.isCa,
  };
}
