/** PEM as Go reads it: a port of `pem.Decode` (encoding/pem, Go 1.26), whose quirks decide what agents trust. */

export interface PemBlock {
  readonly type: string;
  readonly hasHeaders: boolean;
  readonly bytes: Uint8Array;
}

const BEGIN = "-----BEGIN ";
const END = "\n-----END ";
const DASHES = "-----";

/** All blocks that Go finds, in order; it stops where it finds no further one. */
export function goPemBlocks(content: string | Uint8Array): PemBlock[] {
  const blocks: PemBlock[] = [];
  let rest = typeof content === "string" ? Buffer.from(content, "utf8").toString("latin1") : latin1(content);
  for (;;) {
    const found = decode(rest);
    if (found === undefined) {
      return blocks;
    }
    blocks.push(found.block);
    rest = found.rest;
  }
}

interface Decoded {
  readonly block: PemBlock;
  readonly rest: string;
}

function decode(data: string): Decoded | undefined {
  let rest = data;
  for (;;) {
    const end = rest.indexOf(END);
    if (end < 0) {
      return undefined;
    }
    const afterEnd = rest.slice(end + END.length);
    // The last BEGIN before the END counts, and it must start a line: a byte order mark before it hides the block.
    const begin = rest.slice(0, end).lastIndexOf(BEGIN);
    if (begin >= 0 && (begin === 0 || rest[begin - 1] === "\n")) {
      const found = decodeBlock(rest.slice(begin + BEGIN.length), end - begin - BEGIN.length);
      if (found !== "try-next") {
        return found;
      }
    }
    rest = afterEnd;
  }
}

/** @param end where the line break before `-----END ` is, in `text` */
function decodeBlock(text: string, end: number): Decoded | "try-next" | undefined {
  const first = takeLine(text);
  if (!first.line.endsWith(DASHES)) {
    return "try-next";
  }
  const type = first.line.slice(0, -DASHES.length);
  const headers = skipHeaders(first.rest);
  if (headers === undefined) {
    return undefined;
  }
  const { rest, count } = headers;
  const endIndex = end - (text.length - rest.length);
  if (count > 0 && endIndex < 0) {
    // Headers that reach beyond the END marker make Go give up on the rest.
    return endIndex + END.length < 0 ? undefined : "try-next";
  }
  const closing = takeLine(rest.slice(endIndex + END.length));
  if (closing.line !== `${type}${DASHES}`) {
    return "try-next";
  }
  const bytes = endIndex > 0 ? decodeBase64(rest.slice(0, endIndex)) : new Uint8Array();
  return bytes === undefined ? "try-next" : { block: { type, hasHeaders: count > 0, bytes }, rest: closing.rest };
}

/** Lines with a colon are headers, wherever they stand at the start of a block. Undefined at the end of the data. */
function skipHeaders(text: string): { readonly rest: string; readonly count: number } | undefined {
  let rest = text;
  for (let count = 0; rest !== ""; count += 1) {
    const next = takeLine(rest);
    if (!next.line.includes(":")) {
      return { rest, count };
    }
    rest = next.rest;
  }
  return undefined;
}

function takeLine(text: string): { readonly line: string; readonly rest: string } {
  const end = text.indexOf("\n");
  const whole = end < 0 ? text : text.slice(0, end);
  const line = end > 0 && whole.endsWith("\r") ? whole.slice(0, -1) : whole;
  return { line: line.replace(/[ \t]+$/, ""), rest: end < 0 ? "" : text.slice(end + 1) };
}

/** Go's standard decoding: line breaks are skipped, padding is required, nothing else is forgiven. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const compact = text.replace(/[ \t\r\n]/g, "");
  const valid = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(compact);
  return valid ? new Uint8Array(Buffer.from(compact, "base64")) : undefined;
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
