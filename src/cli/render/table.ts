/** Aligned columns for the terminal. */
import { oneLine } from "./legible.ts";
import { paint } from "./style.ts";
import { displayWidth, pad } from "./width.ts";
import { wrap } from "./wrap.ts";

/**
 * Rows under headings, two spaces between columns, no lines; the last column is not padded, and goes on under itself
 * where the terminal ends. Ends with a newline.
 * @param indent blanks before each line
 */
export function renderTable(headings: readonly string[], rows: readonly (readonly string[])[], indent = 0): string {
  const shown = rows.map((row) => row.map(oneLine));
  const widths = headings.map((heading, column) =>
    Math.max(displayWidth(heading), ...shown.map((row) => displayWidth(row[column] ?? ""))),
  );
  const hang = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, indent);
  const line = (cells: readonly string[]): string => {
    const padded = cells.map((cell, column) => (column === cells.length - 1 ? cell : pad(cell, widths[column] ?? 0)));
    return wrap(" ".repeat(indent) + padded.join("  ").trimEnd(), hang);
  };
  return `${[paint("quiet", line(headings)), ...shown.map(line)].join("\n")}\n`;
}
