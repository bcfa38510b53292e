/** Certificates in texts, and whether a chain verifies under a bundle, as the planner asks it. */
import type { CertificateFacts } from "../estate/estate.ts";
import { agentsPool } from "../pki/agents-pool.ts";
import type { Certificate } from "../pki/certificate.ts";
import { verifyChain } from "../pki/verification/verify-chain.ts";

/** What the agents' Go code finds in a text of PEM blocks, in order. */
export function certificatesIn(pem: string): readonly Certificate[] {
  const known = PARSED.get(pem);
  if (known !== undefined) return known;
  const certificates = agentsPool(pem).anchors;
  if (PARSED.size >= PARSED_LIMIT) PARSED.clear();
  PARSED.set(pem, certificates);
  return certificates;
}

/** A plan asks about the same few texts again and again, and parsing them was three quarters of planning's time. */
const PARSED = new Map<string, readonly Certificate[]>();
const PARSED_LIMIT = 32;

/** The facts that plans and people show. */
export function factsOf(pem: string): CertificateFacts[] {
  return certificatesIn(pem).map((certificate) => ({
    subject: certificate.subject,
    issuer: certificate.issuer,
    fingerprint: certificate.fingerprint,
    notBefore: certificate.notBefore.toISOString(),
    notAfter: certificate.notAfter.toISOString(),
    ca: certificate.isCa,
  }));
}

/** SHA-256 of the leaf, lower-case hex; empty for a text without certificates. */
export function leafFingerprint(chain: string): string {
  return certificatesIn(chain)[0]?.fingerprint ?? "";
}

export interface VerificationQuestion {
  /** Leaf first, PEM. */
  readonly chain: string;
  /** `cacerts.pem`, byte for byte. */
  readonly bundle: string;
  readonly hostname: string;
  readonly at: Date;
}

/** Whether agents that hold these very bytes accept the chain at that time; `why` is the first reason against it. */
export function verification(question: VerificationQuestion): { readonly accepted: boolean; readonly why: string } {
  const { hostname, at } = question;
  const chain = [...certificatesIn(question.chain)];
  if (chain.length === 0) return { accepted: false, why: "It holds no certificate." };
  const anchors = [...certificatesIn(question.bundle)];
  const { accepted, findings } = verifyChain({ chain, anchors, hostname, at });
  return { accepted, why: findings.find(({ severity }) => severity === "error")?.sentence ?? "It does not verify." };
}

/**
 * Whether the chain verifies at every moment from `at` to `until`. Validity changes only where a certificate begins or
 * ends, so those moments are asked.
 */
export function verifiesUntil(question: VerificationQuestion, until: Date): boolean {
  const all = [...certificatesIn(question.chain), ...certificatesIn(question.bundle)];
  const edges = all
    .flatMap(({ notBefore, notAfter }) => [notBefore.getTime(), notAfter.getTime(), notAfter.getTime() + 1000])
    .filter((time) => time > question.at.getTime() && time < until.getTime());
  const moments = new Set([question.at.getTime(), ...edges, until.getTime()]);
  return [...moments].every((time) => verification({ ...question, at: new Date(time) }).accepted);
}

/** The host that agents ask for: `server-url` without scheme and port, and without the brackets of an IPv6 address. */
export function hostnameOf(serverUrl: string): string {
  return new URL(serverUrl).hostname.replace(/^\[|\]$/g, "");
}

/** The two hold the same certificates, in whatever order and words. */
export function sameCertificates(one: string, other: string): boolean {
  return holdsAll(one, other) && holdsAll(other, one);
}

/** Every certificate of `part` is in `whole`. */
export function holdsAll(whole: string, part: string): boolean {
  const fingerprints = new Set(certificatesIn(whole).map(({ fingerprint }) => fingerprint));
  return certificatesIn(part).every(({ fingerprint }) => fingerprints.has(fingerprint));
}
