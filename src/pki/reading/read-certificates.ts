/** Reads the certificates of a PEM file as people really have it. */
import { FarrierError } from "../../errors.ts";
import { type Finding, finding } from "../../findings.ts";
import { type Certificate, certificateFrom } from "../certificate.ts";
import { walkDer } from "../der/walk.ts";
import { parseX509 } from "../x509/parse.ts";
import { refuseOtherFormats } from "./format.ts";
import { goPemBlocks } from "./go-pem.ts";
import { type PeoplesBlock, peoplesPemBlocks } from "./peoples-pem.ts";

export interface ReadCertificates {
  /** In the file's order, duplicates kept; without those that Go cannot parse, for which there are findings. */
  readonly certificates: readonly Certificate[];
  /** Errors: certificates that Go refuses. Warnings: encodings that others refuse. Infos: what was repaired. */
  readonly findings: readonly Finding[];
}

/**
 * @param label the file's name, for sentences and findings
 * @throws FarrierError `input.file-empty`, `input.not-pem`, `input.needs-conversion`
 */
export function readCertificates(content: Uint8Array | string, label: string): ReadCertificates {
  const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : content;
  refuseOtherFormats(bytes, label);
  const blocks = peoplesPemBlocks(bytes);
  const found = blocks.filter(({ type }) => type === "CERTIFICATE" || type === "X509 CERTIFICATE");
  if (found.length === 0) {
    throw noCertificate(blocks, bytes, label);
  }
  const read = found.map((block, index) => readBlock(block, `certificate ${index + 1} of ${label}`));
  return {
    certificates: read.flatMap(({ certificate }) => certificate ?? []),
    findings: [
      ...read.flatMap(({ findings }) => findings),
      ...cutOff(bytes, blocks, label),
      ...repaired(bytes, found, label),
    ],
  };
}

interface ReadBlock {
  readonly certificate?: Certificate;
  readonly findings: readonly Finding[];
}

function readBlock(block: PeoplesBlock, place: string): ReadBlock {
  if (block.bytes === undefined) {
    return { findings: [finding("encoding.malformed", place, `The ${place} is not base64.`)] };
  }
  const parsed = parseX509(block.bytes);
  const problems = walkDer(block.bytes);
  if (parsed.kind === "refused") {
    const sentence = `The ${place} cannot be parsed by Go: ${parsed.reason} (byte ${parsed.offset}).`;
    return { findings: [finding("encoding.malformed", place, sentence)] };
  }
  const [first] = problems;
  const findings =
    first === undefined
      ? []
      : [
          finding(
            "encoding.not-der",
            place,
            `The ${place} is not DER in a place that Go does not look at: ${first.reason} (byte ${first.offset}).`,
          ),
        ];
  return { certificate: certificateFrom(parsed.certificate), findings };
}

function noCertificate(blocks: readonly PeoplesBlock[], bytes: Uint8Array, label: string): FarrierError {
  const [other] = blocks;
  if (other !== undefined) {
    return new FarrierError("input.not-pem", `${label} holds no certificate, only ${other.type}.`, {
      hint: "Name the file with the certificates; it has BEGIN CERTIFICATE lines.",
    });
  }
  return Buffer.from(bytes).includes("-----BEGIN ")
    ? new FarrierError("input.not-pem", `${label} has a BEGIN line without its END line: it is cut off or damaged.`, {
        hint: "Copy the file again, whole.",
      })
    : new FarrierError("input.not-pem", `${label} holds no PEM certificate.`);
}

function cutOff(bytes: Uint8Array, blocks: readonly PeoplesBlock[], label: string): Finding[] {
  const begins = Buffer.from(bytes).toString("latin1").split("-----BEGIN ").length - 1;
  return begins > blocks.length
    ? [
        finding(
          "encoding.malformed",
          label,
          `${label} has ${begins} BEGIN lines but only ${blocks.length} whole blocks: it is cut off or damaged.`,
          { hint: "Copy the file again, whole.", severity: "warning" },
        ),
      ]
    : [];
}

function repaired(bytes: Uint8Array, found: readonly PeoplesBlock[], label: string): Finding[] {
  const seen = goPemBlocks(bytes).filter(({ type, hasHeaders }) => type === "CERTIFICATE" && !hasHeaders);
  const hidden = found.filter((block) => block.bytes !== undefined).length - seen.length;
  return hidden > 0
    ? [
        finding(
          "input.repaired",
          label,
          `${label} is not written as it should be: as it is, agents would see ${seen.length} of its ${found.length} certificates.`,
        ),
      ]
    : [];
}
