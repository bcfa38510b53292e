import { describe, expect, it } from "vitest";
import { authorityExtension, ecKey, writeCertificate } from "../../../test/helpers/certificate-writing.ts";
import { der, integer, nothing, octets, oid, sequence } from "../../../test/helpers/der-writing.ts";
import { walkDer } from "./walk.ts";

const key = ecKey();
const plain = writeCertificate({ key, extensions: [authorityExtension()] });

/** The certificate with the first occurrence of some bytes replaced by as many others. */
function patched(search: Buffer, replacement: Buffer): Buffer {
  const copy = Buffer.from(plain);
  replacement.copy(copy, copy.indexOf(search));
  return copy;
}

describe("a strict walk over a certificate", () => {
  it("finds nothing in plain DER", () => {
    expect(walkDer(plain)).toEqual([]);
  });

  it.each<[string, Buffer, string, number]>([
    ["data after it", Buffer.concat([plain, nothing()]), "trailing-data", plain.length],
    ["half an element after it", Buffer.concat([plain, Buffer.of(5)]), "truncated", plain.length],
    ["an end that is missing", plain.subarray(0, -3), "truncated", 0],
    [
      "an indefinite length",
      Buffer.concat([Buffer.of(0x30, 0x80), plain.subarray(4), Buffer.of(0, 0)]),
      "indefinite-length",
      0,
    ],
    [
      "a length with a leading zero",
      Buffer.concat([Buffer.of(0x30, 0x83, 0), plain.subarray(2)]),
      "non-minimal-length",
      0,
    ],
    ["a short length in long form", sequence(Buffer.of(0x04, 0x81, 0x01, 0x00)), "non-minimal-length", 2],
    [
      "a BOOLEAN of 1",
      patched(Buffer.of(0x01, 0x01, 0xff), Buffer.of(0x01, 0x01, 0x01)),
      "invalid-value",
      plain.indexOf(Buffer.of(0x01, 0x01, 0xff)),
    ],
    ["an INTEGER with a redundant byte", sequence(der(0x02, Buffer.of(0, 1))), "invalid-value", 2],
    ["an empty INTEGER", sequence(der(0x02)), "invalid-value", 2],
    ["a NULL with contents", sequence(der(0x05, Buffer.of(0))), "invalid-value", 2],
    ["a BIT STRING with dirty padding", sequence(der(0x03, Buffer.of(4, 0xff))), "invalid-value", 2],
    ["a BIT STRING without its first byte", sequence(der(0x03)), "invalid-value", 2],
    ["a tag above 30", sequence(Buffer.of(0x1f, 0x81, 0x01, 0x00)), "high-tag", 2],
    [
      "a bad length inside a standard extension",
      sequence(oid("2.5.29.14"), octets(Buffer.of(0x04, 0x81, 0x01, 0x00))),
      "non-minimal-length",
      9,
    ],
  ])("finds %s, and where", (_, bytes, rule, offset) => {
    expect(walkDer(bytes)[0]).toMatchObject({ rule, offset });
  });

  it("finds what Go does not look at: data after the signature", () => {
    const signedTwice = sequence(plain.subarray(4), nothing());
    expect(walkDer(signedTwice)).toEqual([
      { rule: "trailing-data", offset: signedTwice.length - 2, reason: "data where the certificate should end" },
    ]);
  });

  it("finds what Go does not look at: fields after the extensions", () => {
    const certificate = writeCertificate({ key, extensions: [authorityExtension()], tail: integer(7) });
    expect(walkDer(certificate).map(({ rule, offset }) => [rule, certificate.subarray(offset, offset + 3)])).toEqual([
      ["trailing-data", integer(7)],
    ]);
  });

  it("leaves unknown extensions alone: they may hold anything", () => {
    expect(walkDer(sequence(oid("1.2.3.4"), octets(Buffer.from("any text"))))).toEqual([]);
  });

  it("reports every problem, in order", () => {
    const bytes = sequence(der(0x02), der(0x05, Buffer.of(0)), der(0x02));
    expect(walkDer(bytes).map(({ offset }) => offset)).toEqual([2, 4, 7]);
  });

  it("survives elements that are nested without end", () => {
    let nested = nothing();
    for (let depth = 0; depth < 200; depth += 1) {
      nested = sequence(nested);
    }
    expect(walkDer(nested).map(({ rule }) => rule)).toEqual(["invalid-value"]);
  });
});
