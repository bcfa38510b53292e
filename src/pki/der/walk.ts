/**
 * A strict walk over every element of a certificate, also where Go's parser does not look: trailing data, lengths that
 * are indefinite or not minimal, truncated elements, values that are not DER. It reports all that it finds.
 */
import { type Element, type EncodingRule, readHeader, TAG } from "./reader.ts";

export interface DerProblem {
  readonly rule: EncodingRule;
  /** Byte offset from the start of the certificate. */
  readonly offset: number;
  /** A phrase: `a length that is not written in the fewest bytes`. */
  readonly reason: string;
}

const MAX_DEPTH = 32;

/** Empty for a certificate that is DER through and through. Never throws. */
export function walkDer(der: Uint8Array): DerProblem[] {
  const problems: DerProblem[] = [];
  const elements = walkContents({ bytes: der, base: 0, depth: 0 }, problems);
  const [certificate, extra] = elements;
  if (extra !== undefined) {
    problems.push({ rule: "trailing-data", offset: extra.offset, reason: "data after the certificate" });
  }
  if (certificate !== undefined) {
    checkShape(certificate, problems);
  }
  return problems.toSorted((a, b) => a.offset - b.offset);
}

interface Span {
  readonly bytes: Uint8Array;
  readonly base: number;
  readonly depth: number;
}

/** Walks the elements of a span one after the other; stops at the first that cannot be delimited. */
function walkContents(span: Span, problems: DerProblem[]): Element[] {
  const elements: Element[] = [];
  let position = 0;
  while (position < span.bytes.length) {
    const header = readHeader(span.bytes, position);
    if (header.kind === "refused") {
      problems.push({ rule: header.rule, offset: span.base + position, reason: header.message });
      return elements;
    }
    const element: Element = {
      tag: header.tag,
      offset: span.base + position,
      contents: span.bytes.subarray(header.contentsStart, header.end),
      contentsOffset: span.base + header.contentsStart,
      bytes: span.bytes.subarray(position, header.end),
    };
    elements.push(element);
    walkElement(element, span.depth, problems);
    position = header.end;
  }
  return elements;
}

function walkElement(element: Element, depth: number, problems: DerProblem[]): void {
  const isConstructed = (element.tag & 0x20) !== 0;
  if (!isConstructed) {
    const reason = valueProblem(element);
    if (reason !== undefined) {
      problems.push({ rule: "invalid-value", offset: element.offset, reason });
    }
    return;
  }
  if (depth >= MAX_DEPTH) {
    problems.push({
      rule: "invalid-value",
      offset: element.offset,
      reason: `elements nested more than ${MAX_DEPTH} deep`,
    });
    return;
  }
  const children = walkContents(spanOf(element, depth), problems);
  const value = extensionValue(children);
  if (value !== undefined) {
    walkContents(spanOf(value, depth + 1), problems);
  }
}

function spanOf(element: Element, depth: number): Span {
  return { bytes: element.contents, base: element.contentsOffset, depth: depth + 1 };
}

/** The value of a standard extension is DER in an octet string; others may hold anything. */
function extensionValue(children: readonly Element[]): Element | undefined {
  const [oid] = children;
  const value = children.at(-1);
  const isStandard = oid?.tag === TAG.oid && oid.contents[0] === 0x55 && oid.contents[1] === 0x1d;
  return isStandard && value?.tag === TAG.octetString ? value : undefined;
}

function valueProblem({ tag, contents }: Element): string | undefined {
  switch (tag) {
    case TAG.boolean:
      return contents.length === 1 && (contents[0] === 0 || contents[0] === 0xff)
        ? undefined
        : "a BOOLEAN that is neither 0x00 nor 0xff";
    case TAG.integer:
      return isMinimalInteger(contents) ? undefined : "an INTEGER that is empty or not written in the fewest bytes";
    case TAG.null:
      return contents.length === 0 ? undefined : "a NULL with contents";
    case TAG.bitString:
      return isPadded(contents) ? undefined : "a BIT STRING with invalid padding";
    default:
      return undefined;
  }
}

function isMinimalInteger(contents: Uint8Array): boolean {
  const [first, second] = contents;
  if (first === undefined) {
    return false;
  }
  return second === undefined || !((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80));
}

function isPadded(contents: Uint8Array): boolean {
  const [padding, ...bits] = contents;
  const last = bits.at(-1);
  if (padding === undefined || padding > 7) {
    return false;
  }
  return last === undefined ? padding === 0 : (last & ((1 << padding) - 1)) === 0;
}

/** A certificate has three parts, and nothing follows the extensions: Go does not look there, OpenSSL refuses it. */
function checkShape(certificate: Element, problems: DerProblem[]): void {
  const ignored: DerProblem[] = [];
  const parts = walkContents(spanOf(certificate, MAX_DEPTH), ignored);
  const fields = parts[0] === undefined ? [] : walkContents(spanOf(parts[0], MAX_DEPTH), ignored);
  const extensions = fields.findIndex(({ tag }) => tag === 0xa3);
  const stray = [parts[3], extensions === -1 ? undefined : fields[extensions + 1]];
  for (const element of stray.filter((candidate) => candidate !== undefined)) {
    problems.push({ rule: "trailing-data", offset: element.offset, reason: "data where the certificate should end" });
  }
}
