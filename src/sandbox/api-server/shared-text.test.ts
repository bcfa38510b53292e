import { describe, expect, it } from "vitest";
import { inOnePiece, sharedText } from "./shared-text.ts";

/** Put together from pieces while the test runs. */
const joined = (...pieces: readonly string[]): string => pieces.join("");

describe("a text in one piece, alone or shared, is equal to what it was", () => {
  const rows: [string, string][] = [
    ["none", ""],
    ["short", "apps/v1"],
    ["cut out of a longer one", "-----BEGIN CERTIFICATE-----\nMIIB".slice(5, 25)],
    ["put together", joined("2026-11-28T06:21:35", "Z")],
    ["of other scripts", "Größe 大小 \u{1f600}, and then some more"],
    ["long", "x".repeat(100_000)],
  ];
  it.each(rows)("%s", (_, text) => {
    expect(inOnePiece(text)).toBe(text);
    expect(sharedText(text)).toBe(text);
    expect(sharedText(joined(text))).toBe(text);
  });

  it("also after so many others that it was forgotten", () => {
    const text = joined("the first of ", "very many texts");
    sharedText(text);
    for (let index = 0; index < 20_000; index++) sharedText(`one of many texts: ${index}`);
    expect(sharedText(text)).toBe("the first of very many texts");
    expect(sharedText("one of many texts: 19999")).toBe("one of many texts: 19999");
  });
});
