/** Sentences on a terminal: broken at blanks, where the terminal itself would break them in the middle of a word. */
import { displayWidth } from "./width.ts";

/** Columns of the terminal that results are printed on; without bound where they go into a file or a pipe. */
export function terminalColumns(stream: NodeJS.WriteStream = process.stdout): number {
  return stream.isTTY ? (stream.columns ?? 80) : Number.POSITIVE_INFINITY;
}

/** Beside a deeper indentation than this leaves room for, text is left to the terminal. */
export const LEAST_COLUMNS = 20;

/** One line of text as lines of at most `columns`; those after the first are indented by `hang`. */
export function wrap(text: string, hang: number, columns = terminalColumns()): string {
  if (displayWidth(text) <= columns || columns - hang < LEAST_COLUMNS) return text;
  const lines: string[] = [];
  let line = "";
  for (const [index, word] of text.split(" ").entries()) {
    const longer = index === 0 ? word : `${line} ${word}`;
    const full = displayWidth(longer.trimEnd()) > columns && line.trim() !== "";
    if (full) lines.push(line.trimEnd());
    line = full ? " ".repeat(hang) + word : longer;
  }
  return [...lines, line].join("\n");
}
