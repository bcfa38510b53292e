/** The subject alternative names extension: Go's `parseSANExtension`. */
import { DerReader, type Element, TAG } from "../der/reader.ts";
import { isDomainName } from "../names/domain-name.ts";
import { parseUri, type Uri } from "../names/uri.ts";
import { isAscii } from "./name.ts";

/** Names by kind, in order. Text holds one byte per character; kinds that Go ignores are counted only. */
export interface AlternativeNames {
  readonly dns: readonly string[];
  readonly email: readonly string[];
  readonly ip: readonly Uint8Array[];
  readonly uri: readonly Uri[];
}

export const NO_NAMES: AlternativeNames = { dns: [], email: [], ip: [], uri: [] };

const WHAT = "the subject alternative names";

export function readAlternativeNames(value: Element): AlternativeNames {
  const dns: string[] = [];
  const email: string[] = [];
  const ip: Uint8Array[] = [];
  const uri: Uri[] = [];
  const reader = DerReader.of(value).inside(TAG.sequence, WHAT);
  while (!reader.empty) {
    const name = reader.any(WHAT);
    switch (name.tag ^ 0x80) {
      case 1:
        email.push(asciiText(reader, name));
        break;
      case 2:
        dns.push(asciiText(reader, name));
        break;
      case 6:
        uri.push(uriOf(reader, asciiText(reader, name)));
        break;
      case 7:
        if (name.contents.length !== 4 && name.contents.length !== 16) {
          reader.refuse(`${WHAT}: an IP address of ${name.contents.length} bytes`);
        }
        ip.push(name.contents);
        break;
      default:
    }
  }
  return { dns, email, ip, uri };
}

function asciiText(reader: DerReader, name: Element): string {
  if (!isAscii(name.contents)) {
    reader.refuse(`${WHAT}: a name that is not ASCII`);
  }
  return Buffer.from(name.contents).toString("latin1");
}

function uriOf(reader: DerReader, text: string): Uri {
  const uri = parseUri(text);
  if (uri === undefined || (uri.host !== "" && !isDomainName(uri.host, "name"))) {
    reader.refuse(`${WHAT}: ${JSON.stringify(text)} is not a URI`);
  }
  return uri;
}
