/**
 * PEM as people have it: comments and attributes between blocks, Windows line ends, a byte order mark, blocks that are
 * glued together, indented, or lack the last newline. Meant for input that Farrier writes out again in canonical form;
 * what agents see in served bytes is `go-pem.ts`.
 */
import { decodeBase64 } from "./go-pem.ts";

export interface PeoplesBlock {
  readonly type: string;
  /** `Proc-Type: 4,ENCRYPTED` and the like. */
  readonly headers: readonly string[];
  /** Undefined where the body is not base64. */
  readonly bytes: Uint8Array | undefined;
}

const BLOCK = /-----BEGIN ([A-Z0-9][A-Z0-9 ]*)-----([^-]*(?:-(?!----)[^-]*)*)-----END \1-----/g;
const HEADER = /^[A-Za-z0-9-]+: /;

/** All complete blocks in order, whatever stands between them. */
export function peoplesPemBlocks(content: string | Uint8Array): PeoplesBlock[] {
  const text = typeof content === "string" ? content : Buffer.from(content).toString("latin1");
  return [...text.matchAll(BLOCK)].map(([, type = "", body = ""]) => {
    const lines = body.split(/\r\n|\n|\r/).map((line) => line.trim());
    const headers = lines.filter((line) => HEADER.test(line));
    return { type, headers, bytes: decodeBase64(lines.filter((line) => !HEADER.test(line)).join("")) };
  });
}
