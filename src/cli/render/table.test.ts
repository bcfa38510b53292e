import { stripVTControlCharacters } from "node:util";
import { describe, expect, test } from "vitest";
import { renderTable } from "./table.ts";
import { displayWidth } from "./width.ts";

const widths = [
  { name: "plain", text: "paris", width: 5 },
  { name: "colour counts nothing", text: "\u001b[32mparis\u001b[39m", width: 5 },
  { name: "Chinese takes two columns a character", text: "巴黎", width: 4 },
  { name: "an emoji takes two", text: "a🗼", width: 3 },
  { name: "an accent of its own takes none", text: "e\u0301", width: 1 },
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

describe("a table that is wider than its terminal stays a table", () => {
  const green = (text: string) => `\u001b[32m${text}\u001b[39m`;
  const rows: {
    name: string;
    headings: string[];
    rows: string[][];
    terminal: number;
    indent?: number;
    lines: string[];
  }[] = [
    {
      name: "a cell of several words goes on under itself",
      headings: ["CLUSTER", "CONNECTED", "AGENT", "CONSUMERS"],
      rows: [
        ["c-4l47p", "yes", "2/2 ready", "cluster-agent"],
        ["local", "itself", "none needed", "none"],
      ],
      terminal: 45,
      lines: [
        "CLUSTER  CONNECTED  AGENT       CONSUMERS",
        "c-4l47p  yes        2/2 ready   cluster-agent",
        "local    itself     none        none",
        "                    needed",
      ],
    },
    {
      name: "so does a heading",
      headings: ["CLUSTER", "CURRENT 0f41d6981fd4", "TARGET 8670b7d0eeec"],
      rows: [["c-4l47p", "–", "started (declared)"]],
      terminal: 44,
      lines: [
        "CLUSTER  CURRENT         TARGET 8670b7d0eeec",
        "         0f41d6981fd4",
        "c-4l47p  –               started (declared)",
      ],
    },
    {
      name: "a name without end takes its share, and a word without end is broken",
      headings: ["ID", "NAME", "METHOD", "WHY"],
      rows: [["c-1", `a name that goes on ${"x".repeat(30)}`, "patch", "It can be patched through Rancher."]],
      terminal: 50,
      indent: 2,
      lines: [
        "  ID   NAME              METHOD  WHY",
        "  c-1  a name that goes  patch   It can be patched",
        "       on                        through Rancher.",
        `       ${"x".repeat(16)}`,
        `       ${"x".repeat(14)}`,
      ],
    },
    {
      name: "the last column alone goes on where that is enough",
      headings: ["ID", "WHY"],
      rows: [["c-1", "It can be patched through Rancher."]],
      terminal: 30,
      lines: ["ID   WHY", "c-1  It can be patched through", "     Rancher."],
    },
  ];
  test.each(rows)("$name", ({ headings, rows, terminal, indent, lines }) => {
    const shown = renderTable(headings, rows, indent, terminal).trimEnd().split("\n");
    expect(shown).toEqual(lines);
    for (const line of shown) expect(displayWidth(line)).toBeLessThanOrEqual(terminal);
  });

  test("what is painted is painted on each of its lines, and nothing beside it", () => {
    const shown = renderTable(["A", "B"], [[green("none needed"), "cluster-agent"]], 0, 25);
    expect(shown.split("\n").slice(1, 3)).toEqual([`${green("none")}        cluster-agent`, green("needed")]);
  });
});
