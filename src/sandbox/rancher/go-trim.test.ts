import { expect, test } from "vitest";
import { trimSpace } from "./go-trim.ts";

test.each([
  { name: "newlines at the end", text: "a\n\n", trimmed: "a" },
  { name: "a carriage return and newline", text: "a\r\n", trimmed: "a" },
  { name: "spaces and tabs before", text: " \t a", trimmed: "a" },
  { name: "inner white space stays", text: "\na\n\nb\n", trimmed: "a\n\nb" },
  { name: "a byte order mark is not white space to Go", text: "\uFEFFa", trimmed: "\uFEFFa" },
  { name: "U+0085 is white space to Go", text: "\u0085a\u0085", trimmed: "a" },
  { name: "a no-break space is", text: "\u00a0a", trimmed: "a" },
  { name: "nothing but white space", text: " \n\t", trimmed: "" },
])("$name", ({ text, trimmed }) => {
  expect(trimSpace(text)).toBe(trimmed);
});
