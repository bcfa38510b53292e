/**
 * Would the agents accept this chain? Errors are what their Go code refuses (crypto/x509 and crypto/tls of Go 1.26);
 * warnings are what others would refuse, and say who.
 */
import type { Finding } from "../../findings.ts";
import { type Certificate, certificateFrom, x509Of } from "../certificate.ts";
import type { X509 } from "../x509/parse.ts";
import { handshakeFaults } from "./handshake.ts";
import { Places } from "./place.ts";
import { STRICT_RULES } from "./stricter/all.ts";
import { verifyPath } from "./verify-path.ts";

export interface ChainQuestion {
  /** As the server sends it: the leaf first; the order of the others does not matter to Go. Never empty. */
  readonly chain: readonly Certificate[];
  /** The agents' pool: every certificate of the bundle is a trust anchor to Go, intermediates too. */
  readonly anchors: readonly Certificate[];
  /** DNS name or IP address; not checked when left out. */
  readonly hostname?: string;
  /** When the agents would connect. */
  readonly at: Date;
}

export interface ChainVerdict {
  /** Whether the agents' Go code completes the handshake. */
  readonly accepted: boolean;
  /** Errors exactly when it is refused; warnings and infos in both cases. The target is the place in the chain. */
  readonly findings: readonly Finding[];
  /** The chain that Go takes, leaf first, anchor last. */
  readonly path?: readonly Certificate[];
}

/** @throws RangeError when the chain is empty */
export function verifyChain({ chain, anchors: bundle, hostname, at }: ChainQuestion): ChainVerdict {
  const served = chain.map(({ der }) => x509Of(der));
  const anchors = bundle.map(({ der }) => x509Of(der));
  const [leaf, ...intermediates] = served;
  if (leaf === undefined) {
    throw new RangeError("a chain has at least a leaf");
  }
  const places = new Places(served, anchors);
  const answer = verifyPath({ leaf, intermediates, anchors, hostname, at, places });
  const errors = [...answer.faults, ...handshakeFaults(served, places)];
  const path = answer.path ?? served;
  const accepted = errors.length === 0;
  const question = { accepted, path, leaf, authorities: path.slice(1), served, anchors, hostname, at, places };
  const warnings = STRICT_RULES.flatMap((rule) => rule(question));
  const findings = [...errors, ...warnings];
  return accepted ? { accepted, findings, path: path.map(toCertificate) } : { accepted, findings };
}

function toCertificate(x509: X509): Certificate {
  return certificateFrom(x509);
}
