/** Verdicts and values are those of `golang.org/x/crypto/cryptobyte` for the same text. */
import { describe, expect, test } from "vitest";
import { der } from "../../../test/helpers/der-writing.ts";
import { DerReader, EncodingRefused, TAG } from "./reader.ts";
import { readTime } from "./time.ts";

function read(tag: number, text: string): string {
  try {
    return readTime(new DerReader(der(tag, Buffer.from(text, "latin1"))), "it").toISOString();
  } catch (error) {
    if (error instanceof EncodingRefused) return error.rule;
    throw error;
  }
}

describe("a UTCTime", () => {
  test.each([
    ["000101000000Z", "2000-01-01T00:00:00.000Z"],
    ["491231235959Z", "2049-12-31T23:59:59.000Z"],
    ["500101000000Z", "1950-01-01T00:00:00.000Z"],
    ["991231235959Z", "1999-12-31T23:59:59.000Z"],
    ["2601021530Z", "2026-01-02T15:30:00.000Z"],
    ["240229120000Z", "2024-02-29T12:00:00.000Z"],
    ["230229120000Z", "invalid-value"],
    ["260431120000Z", "invalid-value"],
    ["261301120000Z", "invalid-value"],
    ["260001120000Z", "invalid-value"],
    ["260100120000Z", "invalid-value"],
    ["260101240000Z", "invalid-value"],
    ["260101236000Z", "invalid-value"],
    ["260101235960Z", "invalid-value"],
    ["260101120000+0130", "2026-01-01T10:30:00.000Z"],
    ["260101003000-0130", "2026-01-01T02:00:00.000Z"],
    ["260101003000+0130", "2025-12-31T23:00:00.000Z"],
    ["260101120000+0000", "invalid-value"],
    ["260101120000-0000", "invalid-value"],
    ["260101120000+0160", "invalid-value"],
    ["260101120000+2500", "invalid-value"],
    ["260101120000", "invalid-value"],
    ["260101120000z", "invalid-value"],
    ["260101120000.5Z", "invalid-value"],
    ["20260101120000Z", "invalid-value"],
    [" 60101120000Z", "invalid-value"],
    ["260101120000Z\n", "invalid-value"],
  ])("of %j is %s", (text, value) => {
    expect(read(TAG.utcTime, text)).toBe(value);
  });
});

describe("a GeneralizedTime", () => {
  test.each([
    ["20500101000000Z", "2050-01-01T00:00:00.000Z"],
    ["99991231235959Z", "9999-12-31T23:59:59.000Z"],
    ["00500101000000Z", "0050-01-01T00:00:00.000Z"],
    ["21000229000000Z", "invalid-value"],
    ["20000229000000Z", "2000-02-29T00:00:00.000Z"],
    ["202601021530Z", "invalid-value"],
    ["20260102153000.1Z", "invalid-value"],
    ["20260102153000-0700", "2026-01-02T22:30:00.000Z"],
    ["20260102153000+0000", "invalid-value"],
  ])("of %j is %s", (text, value) => {
    expect(read(TAG.generalizedTime, text)).toBe(value);
  });
});

test.each([TAG.octetString, TAG.printableString])("type %i is no time at all", (tag) => {
  expect(read(tag, "260101120000Z")).toBe("unexpected-tag");
});
