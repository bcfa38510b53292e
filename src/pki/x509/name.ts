/** Distinguished names: Go's `parseName`, and the text that people read. */
import { DerReader, TAG } from "../der/reader.ts";
import { readOid } from "../der/values.ts";

interface NameAttribute {
  readonly oid: string;
  readonly value: string;
}

/** A distinguished name: its parts in the order in which they are written; a part may have several attributes. */
export interface Name {
  readonly parts: readonly (readonly NameAttribute[])[];
  /** All bytes of the name. Names match when these are equal, as in Go: no case folding, no other string types. */
  readonly raw: Uint8Array;
}

export function readName(reader: DerReader, what: string): Name {
  const whole = reader.element(TAG.sequence, what);
  const sequence = DerReader.of(whole);
  const parts: NameAttribute[][] = [];
  while (!sequence.empty) {
    const set = sequence.inside(TAG.set, what);
    const attributes: NameAttribute[] = [];
    while (!set.empty) {
      attributes.push(readAttribute(set.inside(TAG.sequence, what), what));
    }
    parts.push(attributes);
  }
  return { parts, raw: whole.bytes };
}

function readAttribute(reader: DerReader, what: string): NameAttribute {
  const oid = readOid(reader, what);
  const value = reader.any(what);
  const text = decodeString(value.tag, value.contents);
  return { oid, value: text ?? reader.refuse(`${what}: a string that is not what its type says`) };
}

/** Go's `parseASN1String`: undefined where Go refuses. T.61 is read as Latin-1, as everybody does. */
function decodeString(tag: number, contents: Uint8Array): string | undefined {
  const latin1 = Buffer.from(contents).toString("latin1");
  switch (tag) {
    case TAG.t61String:
      return latin1;
    case TAG.printableString:
      // `*` and `&` are not in the standard's set; Go lets them pass since real CAs use them.
      return /^[A-Za-z0-9'()+,\-./ :=?*&]*$/.test(latin1) ? latin1 : undefined;
    case TAG.utf8String:
      return decodeUtf8(contents);
    case TAG.bmpString:
      return decodeBmp(contents);
    case TAG.ia5String:
      return isAscii(contents) ? latin1 : undefined;
    case TAG.numericString:
      return /^[0-9 ]*$/.test(latin1) ? latin1 : undefined;
    default:
      return undefined;
  }
}

export function isAscii(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte < 0x80);
}

function decodeUtf8(contents: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(contents);
  } catch {
    return undefined;
  }
}

function decodeBmp(contents: Uint8Array): string | undefined {
  if (contents.length % 2 !== 0) {
    return undefined;
  }
  const points: number[] = [];
  for (let index = 0; index < contents.length; index += 2) {
    points.push(((contents[index] ?? 0) << 8) | (contents[index + 1] ?? 0));
  }
  if (points.at(-1) === 0) {
    points.pop();
  }
  const reserved = points.some(
    (point) => point >= 0xfffe || (point >= 0xfdd0 && point <= 0xfdef) || (point >= 0xd800 && point <= 0xdfff),
  );
  return reserved ? undefined : String.fromCharCode(...points);
}

const SHORT_NAMES: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.5": "serialNumber",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "street",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "0.9.2342.19200300.100.1.1": "UID",
  "0.9.2342.19200300.100.1.25": "DC",
  "1.2.840.113549.1.9.1": "emailAddress",
};

/** The name as people read it (RFC 4514 with the most specific part first): `CN=Example Root CA,O=Example`. */
export function nameText(name: Name): string {
  return name.parts
    .toReversed()
    .map((attributes) => attributes.map(attributeText).join("+"))
    .join(",");
}

function attributeText({ oid, value }: NameAttribute): string {
  const escaped = value.replace(/[,+"\\<>;]/g, "\\$&").replace(/\p{Cc}/gu, "?");
  return `${SHORT_NAMES[oid] ?? oid}=${escaped}`;
}
