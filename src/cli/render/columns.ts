/** Columns of a table that is wider than its terminal: they become narrower, and cells go on under themselves. */
import { stripVTControlCharacters } from "node:util";
import { displayWidth } from "./width.ts";

/** Longer words than this are broken where there is no other way. */
const LONGEST_WORD = 16;

/**
 * Takes from the widest columns until all fit, but never so much that a word of up to {@link LONGEST_WORD} breaks. What
 * the broken cells then leave free goes to those that need least of it to stay whole.
 * @param columns all cells of each column, its heading among them
 * @param room what the cells may take together
 */
export function fittingWidths(columns: readonly Cells[], room: number): readonly number[] {
  const whole = columns.map(widest);
  const squeezed = squeezedWidths(columns, whole, room);
  const widths = columns.map((cells, at) => widest(cells.flatMap((cell) => cellLines(cell, squeezed[at] ?? 0))));
  const lacks = widths.map((width, at) => ({ at, lack: (whole[at] ?? 0) - width })).sort((a, b) => a.lack - b.lack);
  let free = room - total(widths);
  for (const { at, lack } of lacks) {
    const given = Math.max(0, Math.min(lack, free));
    widths[at] = (widths[at] ?? 0) + given;
    free -= given;
  }
  return widths;
}

type Cells = readonly string[];

function squeezedWidths(columns: readonly Cells[], whole: readonly number[], room: number): readonly number[] {
  const widths = [...whole];
  const least = columns.map((cells) => Math.min(LONGEST_WORD, widest(cells.flatMap((cell) => cell.split(" ")))));
  for (let excess = total(widths) - room; excess > 0; excess -= 1) {
    const spare = widths.map((width, at) => (width > (least[at] ?? 0) ? width : 0));
    const most = Math.max(...spare);
    if (most === 0) break;
    widths[spare.indexOf(most)] = most - 1;
  }
  return widths;
}

function widest(cells: Cells): number {
  return Math.max(...cells.map(displayWidth));
}

function total(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, 0);
}

/** A cell as the lines that fit into its column. One that was painted as a whole is painted on each of them. */
export function cellLines(cell: string, width: number): readonly string[] {
  if (displayWidth(cell) <= width) return [cell];
  const [, before = "", text = stripVTControlCharacters(cell), after = ""] = PAINTED.exec(cell) ?? [];
  return brokenAtBlanks(text, width).map((line) => before + line + after);
}

const ESCAPE = String.fromCharCode(27);
const PAINTED = new RegExp(`^(${ESCAPE}\\[\\d+m)([^${ESCAPE}]*)(${ESCAPE}\\[\\d+m)$`);

function brokenAtBlanks(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ").flatMap((one) => pieces(one, width))) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (displayWidth(longer) <= width) {
      line = longer;
    } else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

/** A word that no line has room for, in pieces. */
function pieces(word: string, width: number): readonly string[] {
  const found = [""];
  for (const character of word) {
    const last = found.length - 1;
    const longer = `${found[last]}${character}`;
    if (displayWidth(longer) <= width) found[last] = longer;
    else found.push(character);
  }
  return found;
}
