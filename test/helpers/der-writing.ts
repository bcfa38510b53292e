/** Writes DER for tests, and what is not quite DER. Independent of the reader under test. */

/** One element: identifier octet, then the contents. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  return Buffer.concat([Buffer.of(tag), lengthOf(body.length), body]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) {
    return Buffer.of(length);
  }
  const digits = length.toString(16);
  const bytes = Buffer.from(digits.padStart(digits.length + (digits.length % 2), "0"), "hex");
  return Buffer.concat([Buffer.of(0x80 | bytes.length), bytes]);
}

export const sequence = (...contents: readonly Uint8Array[]): Buffer => der(0x30, ...contents);
export const set = (...contents: readonly Uint8Array[]): Buffer => der(0x31, ...contents);
export const octets = (contents: Uint8Array): Buffer => der(0x04, contents);
export const boolean = (value: boolean): Buffer => der(0x01, Buffer.of(value ? 0xff : 0));
export const nothing = (): Buffer => der(0x05);
export const text = (tag: number, value: string): Buffer => der(tag, Buffer.from(value, "latin1"));
export const utf8 = (value: string): Buffer => der(0x0c, Buffer.from(value, "utf8"));
export const bits = (contents: Uint8Array, padding = 0): Buffer => der(0x03, Buffer.of(padding), contents);

/** A two's complement INTEGER in the fewest bytes. */
export function integer(value: number | bigint): Buffer {
  const wanted = BigInt(value);
  let length = 1;
  while (BigInt.asIntN(8 * length, wanted) !== wanted) {
    length += 1;
  }
  const digits = BigInt.asUintN(8 * length, wanted).toString(16);
  return der(0x02, Buffer.from(digits.padStart(2 * length, "0"), "hex"));
}

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return der(0x06, Buffer.from([first * 40 + second, ...rest].flatMap(base128)));
}

function base128(arc: number): number[] {
  const groups = [arc & 0x7f];
  for (let left = arc >>> 7; left > 0; left >>>= 7) {
    groups.unshift((left & 0x7f) | 0x80);
  }
  return groups;
}

/** UTCTime until 2049, GeneralizedTime before 1950 and after, as RFC 5280 wants it. */
export function time(at: Date): Buffer {
  const digits = at.toISOString().replace(/[-T:]|\.\d+/g, "");
  const year = at.getUTCFullYear();
  return year >= 1950 && year < 2050 ? text(0x17, digits.slice(2)) : text(0x18, digits);
}
