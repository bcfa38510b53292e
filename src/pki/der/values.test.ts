/** Verdicts and values are those of `golang.org/x/crypto/cryptobyte` for the same bytes. */
import { describe, expect, test } from "vitest";
import { der } from "../../../test/helpers/der-writing.ts";
import { DerReader, EncodingRefused, TAG } from "./reader.ts";
import { bitAt, readBitString, readBoolean, readInt64, readInteger, readOid, rightAligned } from "./values.ts";

const bytes = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(" ", ""), "hex");
const reader = (tag: number, contents: string): DerReader => new DerReader(der(tag, Buffer.from(bytes(contents))));

/** The value, or the rule that was broken. */
function outcome<T>(read: () => T): T | string {
  try {
    return read();
  } catch (error) {
    if (error instanceof EncodingRefused) return error.rule;
    throw error;
  }
}

describe("an INTEGER", () => {
  test.each<[string, bigint | string]>([
    ["", "invalid-value"],
    ["00", 0n],
    ["7f", 127n],
    ["80", -128n],
    ["ff", -1n],
    ["0080", 128n],
    ["007f", "invalid-value"],
    ["ff7f", -129n],
    ["ff80", "invalid-value"],
    ["0100000000000000000000", 1n << 80n],
    ["ff0000000000000000", -(1n << 64n)],
  ])("of the bytes %s is %s", (contents, value) => {
    expect(outcome(() => readInteger(reader(TAG.integer, contents), "it"))).toBe(value);
  });

  test.each<[string, number | string]>([
    ["7fffffff", 2 ** 31 - 1],
    ["0080000000000000", 2 ** 55],
    ["008000000000000000", "invalid-value"],
    ["8000000000000000", -(2 ** 63)],
    ["ff7fffffffffffffff", "invalid-value"],
  ])("of the bytes %s is as a number of 64 bits %s", (contents, value) => {
    expect(outcome(() => readInt64(reader(TAG.integer, contents), "it"))).toBe(value);
  });
});

describe("a BOOLEAN", () => {
  test.each<[string, boolean | string]>([
    ["", "invalid-value"],
    ["00", false],
    ["ff", true],
    ["01", "invalid-value"],
    ["ffff", "invalid-value"],
  ])("of the bytes %s is %s", (contents, value) => {
    expect(outcome(() => readBoolean(reader(TAG.boolean, contents), "it"))).toBe(value);
  });
});

describe("an OBJECT IDENTIFIER", () => {
  test.each<[string, string]>([
    ["", "invalid-value"],
    ["00", "0.0"],
    ["27", "0.39"],
    ["28", "1.0"],
    ["4f", "1.39"],
    ["50", "2.0"],
    ["8837", "2.999"],
    ["551d13", "2.5.29.19"],
    ["2a864886f70d01010b", "1.2.840.113549.1.1.11"],
    ["2a87ffffff7f", "1.2.2147483647"],
    ["2a8880808000", "invalid-value"],
    ["2a808180808000", "invalid-value"],
    ["2a8001", "invalid-value"],
    ["2a818000", "1.2.16384"],
    ["2a86", "invalid-value"],
  ])("of the bytes %s is %s", (contents, value) => {
    expect(outcome(() => readOid(reader(TAG.oid, contents), "it"))).toBe(value);
  });
});

describe("a BIT STRING", () => {
  test.each<[string, unknown]>([
    ["", "invalid-value"],
    ["00", { bytes: "", padding: 0 }],
    ["01", "invalid-value"],
    ["0780", { bytes: "80", padding: 7 }],
    ["08 00", "invalid-value"],
    ["07 40", "invalid-value"],
    ["01 ff", "invalid-value"],
    ["01 ff fe", { bytes: "fffe", padding: 1 }],
  ])("of the bytes %s is %s", (contents, value) => {
    const read = () => {
      const found = readBitString(reader(TAG.bitString, contents), "it");
      return { bytes: Buffer.from(found.bytes).toString("hex"), padding: found.padding };
    };
    expect(outcome(read)).toEqual(value);
  });

  test("has its bits from the left, and none beyond its padding", () => {
    const bits = { bytes: bytes("8540"), padding: 6 };
    const set = Array.from({ length: 20 }, (_, index) => index).filter((index) => bitAt(bits, index));
    expect(set).toEqual([0, 5, 7, 9]);
  });

  test.each([
    ["8540", 0, "8540"],
    ["8540", 6, "0215"],
    ["80", 7, "01"],
    ["ff80", 7, "01ff"],
  ])("%s with %i bits of padding is, moved to the right, %s", (from, padding, to) => {
    expect(Buffer.from(rightAligned({ bytes: bytes(from), padding })).toString("hex")).toBe(to);
  });
});

describe("an element", () => {
  test.each<[string, string, string]>([
    ["nothing", "", "truncated"],
    ["an identifier alone", "02", "truncated"],
    ["contents that are cut off", "0202 00", "truncated"],
    ["a length that is cut off", "0482 01", "truncated"],
    ["five bytes of length", "0485 0000000001 00", "oversized-length"],
    ["127 in long form", `04817f${"00".repeat(127)}`, "non-minimal-length"],
    ["256 in three bytes", `0483000100${"00".repeat(256)}`, "non-minimal-length"],
    ["another type", "0400", "unexpected-tag"],
  ])("of %s is refused", (_, contents, rule) => {
    expect(outcome(() => new DerReader(bytes(contents)).element(TAG.integer, "it"))).toBe(rule);
  });

  test.each([127, 128, 255, 256, 65_535, 65_536])("of %i bytes is read to its end, and what follows it", (size) => {
    const head = { 127: "7f", 128: "8180", 255: "81ff", 256: "820100", 65535: "82ffff", 65536: "83010000" }[size];
    const all = new DerReader(bytes(`04${head}${"aa".repeat(size)}0201 05`));
    expect(all.element(TAG.octetString, "it").contents).toHaveLength(size);
    expect(readInteger(all, "it")).toBe(5n);
    expect(all.empty).toBe(true);
  });

  test("is refused at its offset in the whole certificate, however deep it is", () => {
    const inner = new DerReader(bytes("3006 3004 0500 0101"), 100)
      .inside(TAG.sequence, "it")
      .inside(TAG.sequence, "it");
    expect(inner.element(TAG.null, "it").offset).toBe(104);
    expect(() => inner.element(TAG.boolean, "it")).toThrow(expect.objectContaining({ offset: 106, rule: "truncated" }));
  });
});
