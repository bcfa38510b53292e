import { describe, expect, test } from "vitest";
import { isInForce } from "./hold.ts";

const NOW = new Date("2026-11-23T12:00:00.000Z");

describe("a waiver counts", () => {
  const rows: [until: string, counts: boolean][] = [
    ["2026-11-24", true],
    ["2026-11-23", true],
    ["2026-11-22", false],
    ["2026-11-23T12:00:00Z", true],
    ["2026-11-23T11:59:59Z", false],
    ["2026-11-23T13:30:00+02:00", false],
    ["2026-11-23T12:00Z", true],
    ["2026-11-24T00:00:00.5+14:00", false],
    // Words and times without a zone, in which JavaScript would see a time of this machine's.
    ["2026-11-24T12:00:00", false],
    ["the 2026-11-24", false],
    ["2026-11-24 or so", false],
    ["24 Nov 2026", false],
    ["sold in 2030", false],
    ["11/24/2026", false],
    ["for ever", false],
    ["", false],
  ];
  test.each(rows)("until %j: %s", (until, counts) => {
    expect(isInForce({ clusterId: "c-1", by: "ann", reason: "sold", until }, NOW)).toBe(counts);
  });
});
