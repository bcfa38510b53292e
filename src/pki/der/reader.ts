/**
 * Reads DER exactly as strictly as the agents do: a port of the reading half of Go's `cryptobyte`
 * (golang.org/x/crypto/cryptobyte/asn1.go, Go 1.26). What it refuses, Go refuses, and nothing else:
 * Go drops such a certificate from its pool without a word.
 */

/** Identifier octets of the universal types that certificates use. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  numericString: 0x12,
  printableString: 0x13,
  t61String: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The identifier octet of the context-specific type `number`. */
export function contextTag(number: number, form: "primitive" | "constructed" = "primitive"): number {
  return 0x80 | number | (form === "constructed" ? 0x20 : 0);
}

/** Which encoding rule was broken. */
export type EncodingRule =
  | "truncated"
  | "high-tag"
  | "indefinite-length"
  | "non-minimal-length"
  | "oversized-length"
  | "unexpected-tag"
  | "invalid-value"
  | "trailing-data";

/** Raised inside the parser when Go would refuse; caught where a whole certificate is parsed, never shown as it is. */
export class EncodingRefused extends Error {
  readonly rule: EncodingRule;
  /** Byte offset from the start of the certificate. */
  readonly offset: number;

  constructor(rule: EncodingRule, offset: number, message: string) {
    super(message);
    this.name = "EncodingRefused";
    this.rule = rule;
    this.offset = offset;
  }
}

/** One type-length-value: where it starts, its identifier octet, its contents, and all of its bytes. */
export interface Element {
  readonly tag: number;
  readonly offset: number;
  readonly contents: Uint8Array;
  readonly contentsOffset: number;
  readonly bytes: Uint8Array;
}

/** A cursor over DER bytes. Every read throws {@link EncodingRefused} where Go's would report failure. */
export class DerReader {
  readonly #bytes: Uint8Array;
  readonly #base: number;
  #position = 0;

  /** @param base offset of `bytes` in the certificate, for what is reported */
  constructor(bytes: Uint8Array, base = 0) {
    this.#bytes = bytes;
    this.#base = base;
  }

  static of(element: Element): DerReader {
    return new DerReader(element.contents, element.contentsOffset);
  }

  get empty(): boolean {
    return this.#position >= this.#bytes.length;
  }

  /** Offset of the next byte in the certificate. */
  get offset(): number {
    return this.#base + this.#position;
  }

  next(tag: number): boolean {
    return this.#bytes[this.#position] === tag;
  }

  refuse(message: string, rule: EncodingRule = "invalid-value"): never {
    throw new EncodingRefused(rule, this.offset, message);
  }

  any(what: string): Element {
    const start = this.#position;
    const header = readHeader(this.#bytes, start);
    if (header.kind === "refused") {
      throw new EncodingRefused(header.rule, this.offset, `${what}: ${header.message}`);
    }
    this.#position = header.end;
    return {
      tag: header.tag,
      offset: this.#base + start,
      contents: this.#bytes.subarray(header.contentsStart, header.end),
      contentsOffset: this.#base + header.contentsStart,
      bytes: this.#bytes.subarray(start, header.end),
    };
  }

  element(tag: number, what: string): Element {
    const found = this.any(what);
    if (found.tag !== tag) {
      throw new EncodingRefused(
        "unexpected-tag",
        found.offset,
        `${what}: found type 0x${hex(found.tag)} instead of 0x${hex(tag)}`,
      );
    }
    return found;
  }

  optional(tag: number, what: string): Element | undefined {
    return this.next(tag) ? this.element(tag, what) : undefined;
  }

  /** A reader over the contents of the next element. */
  inside(tag: number, what: string): DerReader {
    return DerReader.of(this.element(tag, what));
  }
}

type Header =
  | { readonly kind: "header"; readonly tag: number; readonly contentsStart: number; readonly end: number }
  | { readonly kind: "refused"; readonly rule: EncodingRule; readonly message: string };

/** Reads identifier and length octets at `start`; the rules are those of X.690 §10.1 as Go enforces them. */
export function readHeader(bytes: Uint8Array, start: number): Header {
  const tag = bytes[start];
  const first = bytes[start + 1];
  if (tag === undefined || first === undefined) {
    return refused("truncated", "the data ends where an element should start");
  }
  if ((tag & 0x1f) === 0x1f) {
    return refused("high-tag", "a tag number above 30, which certificates never use");
  }
  if ((first & 0x80) === 0) {
    return bounded(bytes, tag, start + 2, first);
  }
  const count = first & 0x7f;
  if (count === 0) {
    return refused("indefinite-length", "an indefinite length, which DER forbids");
  }
  if (count > 4) {
    return refused("oversized-length", "a length of more than four bytes");
  }
  if (start + 2 + count > bytes.length) {
    return refused("truncated", "the data ends inside a length");
  }
  let length = 0;
  for (let index = 0; index < count; index += 1) {
    length = length * 256 + (bytes[start + 2 + index] ?? 0);
  }
  if (length < 128 || bytes[start + 2] === 0) {
    return refused("non-minimal-length", "a length that is not written in the fewest bytes");
  }
  return bounded(bytes, tag, start + 2 + count, length);
}

function bounded(bytes: Uint8Array, tag: number, contentsStart: number, length: number): Header {
  const end = contentsStart + length;
  if (end > bytes.length) {
    return refused(
      "truncated",
      `an element of ${length} bytes, of which only ${bytes.length - contentsStart} are there`,
    );
  }
  return { kind: "header", tag, contentsStart, end };
}

function refused(rule: EncodingRule, message: string): Header {
  return { kind: "refused", rule, message };
}

function hex(value: number): string {
  return value.toString(16).padStart(2, "0");
}
