/** Aligned columns for the terminal. */
import { cellLines, fittingWidths } from "./columns.ts";
import { oneLine } from "./legible.ts";
import { paint } from "./style.ts";
import { displayWidth, pad } from "./width.ts";
import { LEAST_COLUMNS, terminalColumns, wrap } from "./wrap.ts";

type Row = readonly string[];

/** Blanks between two columns. */
const GAP = 2;

/**
 * Rows under headings, two spaces between columns, no lines; the last column is not padded, and goes on under itself
 * where the terminal ends. Where the terminal leaves no room for that, other columns go on under themselves, too. Ends
 * with a newline.
 * @param indent blanks before each line
 * @param terminal how many columns it has
 */
export function renderTable(headings: Row, rows: readonly Row[], indent = 0, terminal = terminalColumns()): string {
  const shown = rows.map((row) => row.map(oneLine));
  const columns = headings.map((heading, at) => [heading, ...shown.map((row) => row[at] ?? "")]);
  const widths = columns.map((cells) => Math.max(...cells.map(displayWidth)));
  const hang = widths.slice(0, -1).reduce((sum, width) => sum + width + GAP, indent);
  const fits = hang + Math.min(widths.at(-1) ?? 0, LEAST_COLUMNS) <= terminal;
  const room = terminal - indent - GAP * (headings.length - 1);
  const line = fits
    ? (cells: Row): string => wrap(lineOf(cells, widths, indent), hang, terminal)
    : narrow(fittingWidths(columns, room), indent);
  const heading = line(headings).split("\n");
  return `${[...heading.map((one) => paint("quiet", one)), ...shown.map(line)].join("\n")}\n`;
}

/** Rows whose cells go on under themselves. */
function narrow(widths: readonly number[], indent: number): (cells: Row) => string {
  return (cells) => {
    const broken = cells.map((cell, at) => cellLines(cell, widths[at] ?? 0));
    const height = Math.max(...broken.map((lines) => lines.length));
    return Array.from({ length: height }, (_, at) =>
      lineOf(
        broken.map((lines) => lines[at] ?? ""),
        widths,
        indent,
      ),
    ).join("\n");
  };
}

function lineOf(cells: Row, widths: readonly number[], indent: number): string {
  const padded = cells.map((cell, at) => (at === cells.length - 1 ? cell : pad(cell, widths[at] ?? 0)));
  return " ".repeat(indent) + padded.join(" ".repeat(GAP)).trimEnd();
}
