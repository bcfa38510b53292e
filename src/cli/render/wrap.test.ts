import { describe, expect, test } from "vitest";
import { terminalOf } from "../../../test/helpers/terminal.ts";
import { terminalColumns, wrap } from "./wrap.ts";

describe("a sentence on a terminal", () => {
  test.each([
    { name: "that fits stays as it is", text: "  It is so.", columns: 40, lines: ["  It is so."] },
    {
      name: "goes on under its beginning, broken at blanks",
      text: "  The agents of all clusters have to be moved.",
      columns: 30,
      lines: ["  The agents of all clusters", "  have to be moved."],
    },
    {
      name: "keeps a word that is longer than the line whole",
      text: `  see ${"x".repeat(40)} there`,
      columns: 30,
      lines: ["  see", `  ${"x".repeat(40)}`, "  there"],
    },
    {
      name: "counts what a character takes, not characters",
      text: `  ${"巴".repeat(10)} ${"黎".repeat(10)}`,
      columns: 30,
      lines: [`  ${"巴".repeat(10)}`, `  ${"黎".repeat(10)}`],
    },
    {
      name: "goes into a file whole",
      text: `  ${"word ".repeat(100)}end`,
      columns: Number.POSITIVE_INFINITY,
      lines: [`  ${"word ".repeat(100)}end`],
    },
    {
      name: "is left to a terminal that is too narrow for its indentation",
      text: "  The agents of all clusters",
      columns: 20,
      lines: ["  The agents of all clusters"],
    },
  ])("$name", ({ text, columns, lines }) => {
    expect(wrap(text, 2, columns).split("\n")).toEqual(lines);
  });

  test("no line ends with a blank, and colours take no room", () => {
    const green = "\u001b[32mgood\u001b[39m";
    expect(wrap(`${green} and good  [code.of-it] more`, 9, 29)).toBe(`${green} and good  [code.of-it]\n         more`);
  });
});

test.each([
  { name: "a terminal", stream: terminalOf(97, 20).stream, columns: 97 },
  { name: "a pipe", stream: terminalOf(97, 20, false).stream, columns: Number.POSITIVE_INFINITY },
])("the room on $name", ({ stream, columns }) => {
  expect(terminalColumns(stream)).toBe(columns);
});
