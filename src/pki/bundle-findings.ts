/** What is odd about the bytes of a trust bundle, as agents will see them. */
import { X509Certificate } from "node:crypto";
import { type Finding, finding } from "../findings.ts";
import { type AgentsPool, agentsPool } from "./agents-pool.ts";
import { peoplesPemBlocks } from "./reading/peoples-pem.ts";

/**
 * @param bundle the bytes that Rancher serves, or would
 * @param place what to call it in findings: `setting cacerts`, `cacerts.pem`
 */
export function bundleFindings(bundle: string | Uint8Array, place: string): Finding[] {
  const pool = agentsPool(bundle);
  return [
    ...firstUnreadable(bundle, place),
    ...byteOrderMark(bundle, place),
    ...pool.dropped.map((block) => {
      const where = block.offset === undefined ? "" : ` (byte ${block.offset})`;
      return finding(
        "bundle.certificate-dropped",
        place,
        `Agents do not have certificate ${block.place} of ${place}: ${block.reason}${where}.`,
      );
    }),
    ...duplicates(bundle, place),
    ...leaves(pool, place),
  ];
}

/**
 * Whether `openssl x509` finds a certificate at the start of the bundle; agents do not start otherwise
 * (package/run.sh: "does not look like an x509 certificate"). This is how OpenSSL 1.1 reads, which older agents carry;
 * 3.0 goes on to the next certificate. Neither minds a byte order mark.
 */
export function opensslReadsFirst(bundle: string | Uint8Array): boolean {
  try {
    return new X509Certificate(Buffer.from(bundle)).raw.length > 0;
  } catch {
    return false;
  }
}

function firstUnreadable(bundle: string | Uint8Array, place: string): Finding[] {
  return opensslReadsFirst(bundle)
    ? []
    : [
        finding(
          "bundle.first-unreadable",
          place,
          `openssl cannot read the first certificate of ${place}: agents that carry OpenSSL 1.1 refuse to start with it.`,
        ),
      ];
}

function byteOrderMark(bundle: string | Uint8Array, place: string): Finding[] {
  const start = Buffer.from(bundle).subarray(0, 3).toString("hex");
  return start === "efbbbf"
    ? [
        finding(
          "bundle.byte-order-mark",
          place,
          `${place} starts with a byte order mark, which hides a certificate in the first line from the agents.`,
        ),
      ]
    : [];
}

function duplicates(bundle: string | Uint8Array, place: string): Finding[] {
  const blocks = peoplesPemBlocks(bundle).flatMap(({ bytes }) =>
    bytes === undefined ? [] : [Buffer.from(bytes).toString("hex")],
  );
  const surplus = blocks.length - new Set(blocks).size;
  return surplus > 0 ? [finding("bundle.duplicate", place, `${place} repeats ${surplus} of its certificates.`)] : [];
}

function leaves({ anchors }: AgentsPool, place: string): Finding[] {
  return anchors
    .filter(({ isCa, selfSigned }) => !isCa && !selfSigned)
    .map(({ subject }) => finding("bundle.leaf", place, `${subject} in ${place} is no CA.`));
}
