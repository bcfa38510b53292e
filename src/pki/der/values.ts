/**
 * The primitive values of DER, decoded as strictly as Go's `cryptobyte` does and no stricter.
 * Each throws {@link EncodingRefused} where Go's counterpart reports failure.
 */
import { type DerReader, type Element, EncodingRefused, TAG } from "./reader.ts";

/** BOOLEAN: only 0x00 and 0xff are DER. */
export function readBoolean(reader: DerReader, what: string): boolean {
  const element = reader.element(TAG.boolean, what);
  const value = element.contents[0];
  if (element.contents.length !== 1 || (value !== 0 && value !== 0xff)) {
    throw invalid(element, `${what}: a BOOLEAN that is neither 0x00 nor 0xff`);
  }
  return value === 0xff;
}

/** INTEGER of any size; refused when it is empty or has a redundant first byte. */
export function readInteger(reader: DerReader, what: string, tag: number = TAG.integer): bigint {
  const element = reader.element(tag, what);
  const [first, second] = element.contents;
  if (first === undefined) {
    throw invalid(element, `${what}: an INTEGER without any byte`);
  }
  const redundant = (first === 0 && (second ?? 0x80) < 0x80) || (first === 0xff && (second ?? 0) >= 0x80);
  if (redundant) {
    throw invalid(element, `${what}: an INTEGER that is not written in the fewest bytes`);
  }
  const magnitude = BigInt(`0x${Buffer.from(element.contents).toString("hex")}`);
  return first >= 0x80 ? magnitude - (1n << BigInt(8 * element.contents.length)) : magnitude;
}

/** INTEGER that Go reads into an `int64`. */
export function readInt64(reader: DerReader, what: string, tag: number = TAG.integer): number {
  const start = reader.offset;
  const value = readInteger(reader, what, tag);
  if (value !== BigInt.asIntN(64, value)) {
    throw new EncodingRefused("invalid-value", start, `${what}: an INTEGER that does not fit into 64 bits`);
  }
  return Number(value);
}

/** OBJECT IDENTIFIER in dotted form; Go refuses arcs of 2^31 and above and redundant leading bytes. */
export function readOid(reader: DerReader, what: string): string {
  const element = reader.element(TAG.oid, what);
  const arcs = arcsOf(element, what);
  const first = arcs[0];
  if (first === undefined) {
    throw invalid(element, `${what}: an empty OBJECT IDENTIFIER`);
  }
  const head = first < 80 ? [Math.floor(first / 40), first % 40] : [2, first - 80];
  return [...head, ...arcs.slice(1)].join(".");
}

function arcsOf(element: Element, what: string): number[] {
  const arcs: number[] = [];
  let arc = 0;
  let length = 0;
  for (const byte of element.contents) {
    if (length === 0 && byte === 0x80) {
      throw invalid(element, `${what}: an OBJECT IDENTIFIER with a redundant leading byte`);
    }
    if (length === 5 || arc >= 2 ** 24) {
      throw invalid(element, `${what}: an OBJECT IDENTIFIER with an arc of 2^31 or more`);
    }
    arc = arc * 128 + (byte & 0x7f);
    length += 1;
    if (byte < 0x80) {
      arcs.push(arc);
      arc = 0;
      length = 0;
    }
  }
  if (length !== 0) {
    throw invalid(element, `${what}: an OBJECT IDENTIFIER that ends inside an arc`);
  }
  return arcs;
}

/** A BIT STRING: its bytes, and how many bits of the last one are padding. */
export interface BitString {
  readonly bytes: Uint8Array;
  readonly padding: number;
}

/** BIT STRING; padding bits must be zero and at most seven. */
export function readBitString(reader: DerReader, what: string): BitString {
  const element = reader.element(TAG.bitString, what);
  const padding = element.contents[0];
  const bytes = element.contents.subarray(1);
  const last = bytes.at(-1);
  const wrong =
    padding === undefined ||
    padding > 7 ||
    (last === undefined && padding !== 0) ||
    (last !== undefined && (last & ((1 << padding) - 1)) !== 0);
  if (wrong) {
    throw invalid(element, `${what}: a BIT STRING with invalid padding`);
  }
  return { bytes, padding };
}

/** Whether bit `index` is set; bits beyond the end are not. */
export function bitAt(bits: BitString, index: number): boolean {
  if (index >= bits.bytes.length * 8 - bits.padding) {
    return false;
  }
  return (((bits.bytes[index >> 3] ?? 0) >> (7 - (index & 7))) & 1) === 1;
}

/** The bits shifted so that the padding comes first, as Go does with keys and signatures. */
export function rightAligned(bits: BitString): Uint8Array {
  if (bits.padding === 0) {
    return bits.bytes;
  }
  return bits.bytes.map(
    (byte, index) => (byte >> bits.padding) | (((bits.bytes[index - 1] ?? 0) << (8 - bits.padding)) & 0xff),
  );
}

function invalid(element: Element, message: string): EncodingRefused {
  return new EncodingRefused("invalid-value", element.offset, message);
}
