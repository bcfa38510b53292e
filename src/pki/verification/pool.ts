/** A set of certificates to look for issuers in: Go's `CertPool` (crypto/x509/cert_pool.go). */
import type { X509 } from "../x509/parse.ts";

export class Pool {
  readonly #bySubject = new Map<string, X509[]>();
  readonly #raw = new Set<string>();

  /** Equal certificates count once; the order decides which issuer is tried first. */
  constructor(certificates: readonly X509[]) {
    for (const certificate of certificates) {
      const raw = hex(certificate.raw);
      if (!this.#raw.has(raw)) {
        this.#raw.add(raw);
        const subject = hex(certificate.subject.raw);
        this.#bySubject.set(subject, [...(this.#bySubject.get(subject) ?? []), certificate]);
      }
    }
  }

  has(certificate: X509): boolean {
    return this.#raw.has(hex(certificate.raw));
  }

  /** Certificates whose subject is the child's issuer, likely issuers first: key identifiers equal, one absent, different. */
  possibleIssuers(child: X509): X509[] {
    const candidates = this.#bySubject.get(hex(child.issuer.raw)) ?? [];
    const wanted = hex(child.authorityKeyId);
    const rank = (candidate: X509): number => {
      const own = hex(candidate.subjectKeyId);
      if (own === wanted) {
        return 0;
      }
      return own === "" || wanted === "" ? 1 : 2;
    };
    return candidates.toSorted((a, b) => rank(a) - rank(b));
  }
}

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString("hex");
}
