/** Judges the files of a target, without any estate: what `farrier check --offline` says. */
import { domainToASCII } from "node:url";
import { type Finding, finding } from "../findings.ts";
import { agentsPool } from "./agents-pool.ts";
import { bundleFindings } from "./bundle-findings.ts";
import type { Certificate } from "./certificate.ts";
import { keyMatchesCertificate, type PrivateKey, readPrivateKey } from "./reading/private-key.ts";
import { readCertificates } from "./reading/read-certificates.ts";
import type { Secret } from "./secret.ts";
import { verifyChain } from "./verification/verify-chain.ts";

export interface Target {
  /** Leaf first, then what the server sends beside it. */
  readonly certPem: string | Uint8Array;
  /** When given, it must belong to the leaf. */
  readonly keyPem?: string | Uint8Array;
  readonly passphrase?: Secret;
  /** The bytes of the trust bundle as agents will get them. */
  readonly caPem: string | Uint8Array;
  /** DNS name (also with other letters than ASCII: agents ask for its punycode) or IP address, without port. */
  readonly hostname: string;
  readonly at: Date;
  /** File names for sentences; `tls.crt`, `tls.key` and `cacerts.pem` when left out. */
  readonly labels?: { readonly cert?: string; readonly key?: string; readonly ca?: string };
}

export interface TargetVerdict {
  /** Whether the agents' Go code would complete the handshake. There are errors exactly when not. */
  readonly accepted: boolean;
  readonly findings: readonly Finding[];
  /** The chain that Go takes, leaf first, anchor last; empty when refused. */
  readonly path: readonly Certificate[];
  /** What the certificate file holds. */
  readonly chain: readonly Certificate[];
  /** What the agents get out of the bundle. */
  readonly anchors: readonly Certificate[];
}

/**
 * @throws FarrierError for files that cannot be read at all: `input.file-empty`, `input.not-pem`,
 *   `input.needs-conversion`, `input.key-malformed`, `input.key-passphrase`
 */
export function judgeTarget(target: Target): TargetVerdict {
  const labels = { cert: "tls.crt", key: "tls.key", ca: "cacerts.pem", ...target.labels };
  const served = readCertificates(target.certPem, labels.cert);
  const key = target.keyPem === undefined ? undefined : readPrivateKey(target.keyPem, labels.key, target.passphrase);
  const bundle = readCertificates(target.caPem, labels.ca);
  const { anchors } = agentsPool(target.caPem);
  const [leaf] = served.certificates;
  // Go breaks the handshake over anything that it cannot parse: what the rest would be is idle then.
  const broken = served.findings.some(({ severity }) => severity === "error");
  const verdict =
    leaf === undefined || broken
      ? { accepted: false, findings: [] }
      : verifyChain({ chain: served.certificates, anchors, hostname: asciiName(target.hostname), at: target.at });
  const findings = [
    ...served.findings,
    ...(leaf === undefined || key === undefined ? [] : keyFindings(key, served.certificates, labels.key)),
    ...verdict.findings,
    ...bundleNotes([...bundleFindings(target.caPem, labels.ca), ...bundle.findings.filter(isNew)]),
  ];
  const accepted = !findings.some(({ severity }) => severity === "error");
  const path = accepted && "path" in verdict ? verdict.path : [];
  return { accepted, findings, path, chain: served.certificates, anchors };
}

/** What Go puts into a request for such a host; text that is no domain name stays as it is, and fits no certificate. */
function asciiName(hostname: string): string {
  return /^[ -~]*$/.test(hostname) ? hostname : domainToASCII(hostname) || hostname;
}

/** With another key the server's signature in the handshake would not be the certificate's. */
function keyFindings(key: PrivateKey, chain: readonly Certificate[], label: string): Finding[] {
  const owner = chain.findIndex((certificate) => keyMatchesCertificate(key, certificate));
  if (owner === 0) {
    return [];
  }
  return owner === -1
    ? [finding("key.mismatch", "leaf", `The private key in ${label} does not belong to the serving certificate.`)]
    : [
        finding(
          "key.mismatch",
          "leaf",
          `The private key in ${label} belongs to certificate ${owner + 1} of the file; the serving certificate must come first.`,
          {
            hint: "Put the serving certificate first, then its issuers.",
          },
        ),
      ];
}

/** What the agents lack of the bundle is reported already, with the reason. */
function isNew({ code }: Finding): boolean {
  return code !== "encoding.malformed" && code !== "input.repaired";
}

/** Whether agents get along with the bundle is the chain's verdict; what is odd about the bundle itself is a warning. */
function bundleNotes(findings: readonly Finding[]): Finding[] {
  return findings.map((found) => (found.severity === "error" ? { ...found, severity: "warning" as const } : found));
}
