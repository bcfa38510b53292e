import { X509Certificate } from "node:crypto";
import { checkServerIdentity, createSecureContext, type PeerCertificate, type SecureContext } from "node:tls";
import { KEY_EXCHANGE } from "../key-exchange.ts";

/**
 * What an agent trusts, and in which words it refuses. The verdict on a chain is always the runtime's own, in a real
 * handshake; this file only hands it the roots and translates its refusals into Go's sentences.
 */
export interface Trust {
  readonly secureContext: SecureContext;
  readonly checkServerIdentity: (hostname: string, certificate: PeerCertificate) => Error | undefined;
}

/**
 * The certificates that Go's `AppendCertsFromPEM` takes from a text: blocks that start at the beginning of a line
 * and that can be parsed; everything between them, and every other block, is passed over silently.
 */
export function pemCertificates(text: string): readonly string[] {
  const known = certificates.get(text);
  if (known !== undefined) return known;
  const found = certificatesIn(text);
  if (certificates.size >= TEXTS_KEPT) certificates.clear();
  certificates.set(text, found);
  return found;
}

/** Every agent looks at the same few bundles. */
const certificates = new Map<string, readonly string[]>();
const TEXTS_KEPT = 50;

function certificatesIn(text: string): readonly string[] {
  const blocks = text.match(/^-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/gm) ?? [];
  return blocks.filter(isCertificate);
}

/** @param texts PEM texts, each as it was stored; every certificate in them is an anchor, as it is for Go */
export function trustOf(texts: readonly string[]): Trust {
  const key = texts.join("\0");
  const known = contexts.get(key);
  if (known !== undefined) return { secureContext: known, checkServerIdentity: asGoNamesIt };
  const ca = texts.flatMap(pemCertificates);
  const secureContext = createSecureContext({ ca, allowPartialTrustChain: true, ecdhCurve: KEY_EXCHANGE });
  if (contexts.size >= TEXTS_KEPT) contexts.clear();
  contexts.set(key, secureContext);
  return { secureContext, checkServerIdentity: asGoNamesIt };
}

/** Agents that trust the same bytes share the parsed roots: roots only, no sessions, so each handshake is verified. */
const contexts = new Map<string, SecureContext>();

const VERIFICATION_CODES =
  /^(CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|INVALID_|PATH_LENGTH|HOSTNAME_|ERR_TLS_CERT_|CA_|EE_|SUBTREE_|EXCLUDED_|PERMITTED_|UNHANDLED_|UNSUPPORTED_|X509_)/;

/**
 * Go's words for a handshake that the runtime broke off because it refused the chain, such as
 * `x509: certificate signed by unknown authority`; undefined for every other failure (nobody listens, reset, …).
 */
export function refusalOf(error: unknown, hostname: string): string | undefined {
  const code = codeOf(error);
  if (code === undefined || !VERIFICATION_CODES.test(code)) return undefined;
  switch (code) {
    case "CERT_HAS_EXPIRED":
    case "CERT_NOT_YET_VALID":
      return "x509: certificate has expired or is not yet valid";
    case "INVALID_PURPOSE":
      return "x509: certificate specifies an incompatible key usage";
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return nameRefusal(error, hostname);
    default:
      return "x509: certificate signed by unknown authority";
  }
}

function nameRefusal(error: unknown, hostname: string): string {
  const names = error instanceof Error && "cert" in error ? namesOf(error.cert) : [];
  if (names.length === 0) return "x509: certificate relies on legacy Common Name field, use SANs instead";
  return `x509: certificate is valid for ${names.join(", ")}, not ${hostname}`;
}

function namesOf(certificate: unknown): string[] {
  if (typeof certificate !== "object" || certificate === null || !("subjectaltname" in certificate)) return [];
  return String(certificate.subjectaltname ?? "")
    .split(", ")
    .filter((name) => name !== "")
    .map((name) => name.replace(/^(DNS|IP Address):/, ""));
}

/** Node falls back to the common name where there is no SAN; Go never does. */
function asGoNamesIt(hostname: string, certificate: PeerCertificate): Error | undefined {
  if (certificate.subjectaltname !== undefined) return checkServerIdentity(hostname, certificate);
  return Object.assign(new Error("no subject alternative name"), {
    code: "ERR_TLS_CERT_ALTNAME_INVALID",
    cert: certificate,
  });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

function isCertificate(pem: string): boolean {
  try {
    new X509Certificate(pem);
    return true;
  } catch {
    return false;
  }
}
