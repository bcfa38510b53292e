/** Formats that are not PEM, recognised by their first bytes, and the command that converts each. */
import { commandWord } from "../../errors/command-word.ts";
import { FarrierError } from "../../errors.ts";
import { DerReader, TAG } from "../der/reader.ts";
import { readOid } from "../der/values.ts";
import { peoplesPemBlocks } from "./peoples-pem.ts";

interface Format {
  readonly name: string;
  readonly command: (file: string) => string;
}

const FORMATS = {
  certificate: {
    name: "a certificate in DER",
    command: (file) => `openssl x509 -inform der -in ${file} -out ${file}.pem`,
  },
  pkcs7: {
    name: "PKCS#7 in DER",
    command: (file) => `openssl pkcs7 -inform der -print_certs -in ${file} -out ${file}.pem`,
  },
  pkcs7Pem: { name: "PKCS#7", command: (file) => `openssl pkcs7 -print_certs -in ${file} -out ${file}.pem` },
  pkcs12: { name: "PKCS#12", command: (file) => `openssl pkcs12 -in ${file} -out ${file}.pem` },
  key: { name: "a private key in DER", command: (file) => `openssl pkey -inform der -in ${file} -out ${file}.pem` },
  trusted: { name: "an OpenSSL trusted certificate", command: (file) => `openssl x509 -in ${file} -out ${file}.pem` },
  keystore: {
    name: "a Java keystore",
    command: (file) =>
      `keytool -importkeystore -srckeystore ${file} -destkeystore ${file}.p12 -deststoretype PKCS12 && openssl pkcs12 -in ${file}.p12 -out ${file}.pem`,
  },
  utf16: { name: "text in UTF-16", command: (file) => `iconv -f UTF-16 -t UTF-8 ${file} > ${file}.pem` },
  base64: {
    name: "base64 without BEGIN and END lines",
    command: (file) => `base64 -d ${file} | openssl x509 -inform der -out ${file}.pem`,
  },
} as const satisfies Record<string, Format>;

/**
 * Refuses what is certainly not PEM.
 *
 * @param label the file's name, for the sentence and the command
 * @throws FarrierError `input.file-empty`, `input.needs-conversion`
 */
export function refuseOtherFormats(content: Uint8Array, label: string): void {
  if (Buffer.from(content).toString("latin1").trim() === "") {
    throw new FarrierError("input.file-empty", `${label} is empty.`);
  }
  const format = formatOf(content);
  if (format !== undefined) {
    throw new FarrierError("input.needs-conversion", `${label} holds ${format.name}, not PEM.`, {
      hint: `Convert it: ${format.command(commandWord(label))}`,
    });
  }
}

function formatOf(content: Uint8Array): Format | undefined {
  const start = Buffer.from(content.subarray(0, 4)).toString("hex");
  if (start.startsWith("fffe") || start.startsWith("feff")) {
    return FORMATS.utf16;
  }
  if (start === "feedfeed" || start === "cececece") {
    return FORMATS.keystore;
  }
  // 0x30 is also the digit 0: a text that starts with it does not parse as DER.
  return (start.startsWith("30") ? derFormat(content) : undefined) ?? pemFormat(content);
}

/** By the first element inside: a version, an algorithm, or what PKCS#7 says it holds. */
function derFormat(content: Uint8Array): Format | undefined {
  try {
    const reader = new DerReader(content).inside(TAG.sequence, "the file");
    if (reader.next(TAG.oid)) {
      return readOid(reader, "the type").startsWith("1.2.840.113549.1.7.") ? FORMATS.pkcs7 : undefined;
    }
    if (!reader.next(TAG.integer)) {
      return FORMATS.certificate;
    }
    return reader.any("the version").contents[0] === 3 ? FORMATS.pkcs12 : FORMATS.key;
  } catch {
    // An indefinite length here is how PKCS#12 and PKCS#7 are often written.
    return content[1] === 0x80 ? FORMATS.pkcs12 : undefined;
  }
}

function pemFormat(content: Uint8Array): Format | undefined {
  const types = peoplesPemBlocks(content).map(({ type }) => type);
  if (types.includes("CERTIFICATE") || types.some((type) => type.endsWith("PRIVATE KEY"))) {
    return undefined;
  }
  if (types.includes("PKCS7") || types.includes("CMS")) {
    return FORMATS.pkcs7Pem;
  }
  if (types.includes("TRUSTED CERTIFICATE")) {
    return FORMATS.trusted;
  }
  const text = Buffer.from(content).toString("latin1").trim();
  return /^MII[A-Za-z0-9+/=\s]+$/.test(text) ? FORMATS.base64 : undefined;
}
