/**
 * What the agents' Go code gets out of the bytes of a bundle (`AppendCertsFromPEM`): blocks that it cannot read or parse
 * are left out without a word, so that the agents lack that certificate.
 */
import { type Certificate, certificateFrom } from "./certificate.ts";
import { goPemBlocks } from "./reading/go-pem.ts";
import { type PeoplesBlock, peoplesPemBlocks } from "./reading/peoples-pem.ts";
import { parseX509 } from "./x509/parse.ts";

export interface AgentsPool {
  /** Every one is a trust anchor to Go, intermediates too. In order, each once. */
  readonly anchors: readonly Certificate[];
  readonly dropped: readonly DroppedBlock[];
}

/** A block that a person would call a certificate of the bundle, and that the agents do not have. */
interface DroppedBlock {
  /** Counted from 1 among the blocks that look like certificates. */
  readonly place: number;
  /** Why, as a phrase: `there is data after the certificate`. */
  readonly reason: string;
  /** Byte offset in the certificate, where it is the encoding that Go refuses. */
  readonly offset?: number;
}

/** Never throws: any bytes have a pool, an empty one at worst. */
export function agentsPool(bundle: string | Uint8Array): AgentsPool {
  const anchors = new Map<string, Certificate>();
  for (const block of goPemBlocks(bundle)) {
    const parsed = isPlainCertificate(block) ? parseX509(block.bytes) : undefined;
    if (parsed?.kind === "parsed") {
      const certificate = certificateFrom(parsed.certificate);
      // Go keeps the first of equal certificates.
      if (!anchors.has(certificate.fingerprint)) {
        anchors.set(certificate.fingerprint, certificate);
      }
    }
  }
  const kept = [...anchors.values()];
  return { anchors: kept, dropped: droppedBlocks(bundle, kept) };
}

function isPlainCertificate(block: { readonly type: string; readonly hasHeaders: boolean }): boolean {
  return block.type === "CERTIFICATE" && !block.hasHeaders;
}

function droppedBlocks(bundle: string | Uint8Array, kept: readonly Certificate[]): DroppedBlock[] {
  const blocks = peoplesPemBlocks(bundle).filter(({ type }) => type.endsWith("CERTIFICATE"));
  return blocks.flatMap((block, index) => {
    const has = kept.some(({ der }) => Buffer.from(der).equals(block.bytes ?? Buffer.of()));
    return has ? [] : [{ place: index + 1, ...whyDropped(block) }];
  });
}

function whyDropped(block: PeoplesBlock): { readonly reason: string; readonly offset?: number } {
  if (block.type !== "CERTIFICATE") {
    return { reason: `its block is called ${block.type} instead of CERTIFICATE` };
  }
  if (block.bytes === undefined) {
    return { reason: "it is not base64" };
  }
  if (block.headers.length > 0) {
    return { reason: "it has headers inside its block" };
  }
  const parsed = parseX509(block.bytes);
  return parsed.kind === "refused"
    ? { reason: parsed.reason, offset: parsed.offset }
    : { reason: "its BEGIN or END line does not have a line of its own" };
}
