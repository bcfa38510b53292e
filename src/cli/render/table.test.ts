import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";
import { renderTable } from "./table.ts";
import { displayWidth } from "./width.ts";

const widths = [
  { name: "plain", text: "paris", width: 5 },
  { name: "colour counts nothing", text: "\u001b[32mparis\u001b[39m", width: 5 },
  { name: "Chinese takes two columns a character", text: "巴黎", width: 4 },
];

test.each(widths)("width in terminal columns: $name", ({ text, width }) => {
  expect(displayWidth(text)).toBe(width);
});

test("columns are aligned and lines carry no trailing blanks", () => {
  const table = renderTable(
    ["ID", "NAME"],
    [
      ["c-1", "paris"],
      ["c-22", ""],
    ],
  );
  expect(table.split("\n").map((line) => stripVTControlCharacters(line))).toEqual([
    "ID    NAME",
    "c-1   paris",
    "c-22",
    "",
  ]);
});
