/** What src/pki says of the same handshakes, put together as the agents put it together. */
import { FarrierError } from "../../src/errors.ts";
import { agentsPool } from "../../src/pki/agents-pool.ts";
import { type Certificate, certificateOf } from "../../src/pki/certificate.ts";
import { verifyChain } from "../../src/pki/verification/verify-chain.ts";
import type { Handshake } from "./draft.ts";

export interface OurVerdict {
  readonly accepted: boolean;
  readonly anchors: number;
  /** Codes and sentences of the errors. */
  readonly why: readonly string[];
}

export function ourVerdict({ bundle, chain, hostname, at }: Handshake): OurVerdict {
  const { anchors } = agentsPool(bundle);
  if (chain.length === 0) return { accepted: false, anchors: anchors.length, why: ["nothing is served"] };
  const presented = parseAll(chain);
  if (typeof presented === "string") return { accepted: false, anchors: anchors.length, why: [presented] };
  const { accepted, findings } = verifyChain({ chain: presented, anchors, hostname, at });
  const errors = findings.filter(({ severity }) => severity === "error");
  return { accepted, anchors: anchors.length, why: errors.map(({ code, sentence }) => `${code}: ${sentence}`) };
}

/** One certificate that cannot be parsed ends the handshake. */
function parseAll(chain: readonly Buffer[]): Certificate[] | string {
  try {
    return chain.map((der) => certificateOf(der));
  } catch (error) {
    if (error instanceof FarrierError) return `${error.code}: ${error.message}`;
    throw error;
  }
}
