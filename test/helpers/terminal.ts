/** A terminal that shows what a person would see: it carries out the few control sequences that we use. */
import { Writable } from "node:stream";
import { WriteStream } from "node:tty";
import { stripVTControlCharacters } from "node:util";

export interface Terminal {
  readonly stream: NodeJS.WriteStream;
  /** The lines on the screen and above it, without colours and without blank lines at the end. */
  lines(): string[];
  /** Everything that was written, byte for byte. */
  written(): string;
}

/** A terminal of the given size. A line that is as wide as the screen goes on in the next one, as on a real one. */
export function terminalOf(columns: number, rows: number, isTTY = true): Terminal {
  let written = "";
  const sink = new Writable({
    write: (chunk, _encoding, done) => {
      written += String(chunk);
      done();
    },
  });
  const { getColorDepth } = WriteStream.prototype;
  // Of a terminal's stream nothing but these four and `write` is ever asked for.
  const stream = Object.assign(sink, { columns, rows, isTTY, getColorDepth }) as unknown as NodeJS.WriteStream;
  return { stream, lines: () => screenAfter(written, columns, rows), written: () => written };
}

/** As a person reads it. */
export function plain(text: string): string {
  return stripVTControlCharacters(text);
}

/** Lines that end with a blank, which nobody sees and `diff` minds. */
export function trailingBlanks(text: string): string[] {
  return plain(text)
    .split("\n")
    .filter((line) => /\s$/.test(line));
}

const ESCAPE = String.fromCharCode(27);

function screenAfter(written: string, columns: number, rows: number): string[] {
  const lines: string[] = [""];
  let row = 0;
  let column = 0;
  const down = () => {
    row += 1;
    if (row === lines.length) lines.push("");
  };
  for (let index = 0; index < written.length; index += 1) {
    const control = new RegExp(`^${ESCAPE}\\[(\\d*)([A-Za-z])`).exec(written.slice(index, index + 12));
    const character = written.charAt(index);
    if (control !== null) {
      index += control[0].length - 1;
      if (control[2] === "A") row = Math.max(lines.length - rows, row - Number(control[1]), 0);
      if (control[2] === "J") {
        lines.splice(row, lines.length, (lines[row] ?? "").slice(0, column));
      }
    } else if (character === "\n") {
      down();
      column = 0;
    } else if (character === "\r") {
      column = 0;
    } else {
      if (column === columns) {
        down();
        column = 0;
      }
      const line = (lines[row] ?? "").padEnd(column);
      lines[row] = line.slice(0, column) + character + line.slice(column + 1);
      column += 1;
    }
  }
  return lines.join("\n").trimEnd().split("\n");
}
