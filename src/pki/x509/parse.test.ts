import { describe, expect, it } from "vitest";
import {
  authorityExtension,
  constraintsExtension,
  dnsName,
  ECDSA_SHA256,
  EMPTY_NAME,
  ecKey,
  namesExtension,
  VERSION_3,
  type WrittenCertificate,
  type WrittenExtension,
  writeCertificate,
} from "../../../test/helpers/certificate-writing.ts";
import {
  bits,
  boolean,
  der,
  integer,
  nothing,
  octets,
  oid,
  sequence,
  set,
  text,
} from "../../../test/helpers/der-writing.ts";
import { parseX509 } from "./parse.ts";

const key = ecKey();
const write = (fields: Partial<WrittenCertificate>) => writeCertificate({ key, ...fields });
const extension = (dotted: string, value: Uint8Array, critical = false) => ({ oid: dotted, critical, value });
const attribute = (value: Uint8Array) => sequence(set(sequence(oid("2.5.4.3"), value)));
const spki = (algorithm: Uint8Array, data: Uint8Array) => ({
  key: { privateKey: key.privateKey, spki: sequence(algorithm, bits(data)) },
});

// Each verdict here was compared with that of Go 1.26.8's x509.ParseCertificate.
describe("a certificate that Go refuses to parse", () => {
  it.each<[string, Buffer, string]>([
    ["nothing", Buffer.of(), "the data ends"],
    ["text", Buffer.from("hello"), "the certificate"],
    ["data after it", Buffer.concat([write({}), Buffer.of(0)]), "data after the certificate"],
    ["version 4", write({ version: der(0xa0, integer(3)) }), "version"],
    ["a version below 1", write({ version: der(0xa0, integer(-1)) }), "version"],
    ["a negative serial number", write({ serial: integer(-5) }), "serial number is negative"],
    ["a serial number with a redundant byte", write({ serial: der(0x02, Buffer.of(0, 1)) }), "fewest bytes"],
    ["an empty serial number", write({ serial: der(0x02) }), "without any byte"],
    [
      "different algorithms inside and outside",
      write({ outerAlgorithm: sequence(oid("1.2.840.10045.4.3.3")) }),
      "differ",
    ],
    ["an algorithm without identifier", write({ algorithm: sequence() }), "the signature algorithm"],
    ["an issuer that is no sequence", write({ issuer: set() }), "the issuer"],
    ["a printable string with a bad character", write({ subject: attribute(text(0x13, "a@b")) }), "string"],
    ["a UTF-8 string that is none", write({ subject: attribute(text(0x0c, "\xff")) }), "string"],
    ["an IA5 string with an umlaut", write({ subject: attribute(text(0x16, "\xfc")) }), "string"],
    ["a BMP string of odd length", write({ subject: attribute(text(0x1e, "abc")) }), "string"],
    ["a BMP string with half a surrogate pair", write({ subject: attribute(text(0x1e, "\xd8\x00")) }), "string"],
    ["a numeric string with a letter", write({ subject: attribute(text(0x12, "12a")) }), "string"],
    ["a name of no string type", write({ subject: attribute(integer(3)) }), "string"],
    ["a 30th of February", write({ notAfter: text(0x17, "300230000000Z") }), "not a valid time"],
    ["60 minutes of offset", write({ notAfter: text(0x17, "300101000000+0160") }), "not a valid time"],
    ["a time with fractions", write({ notAfter: text(0x18, "20300101000000.5Z") }), "not a valid time"],
    ["a time that is no time type", write({ notAfter: text(0x13, "300101000000Z") }), "neither a UTCTime"],
    ["an explicit zero offset", write({ notAfter: text(0x17, "300101000000+0000") }), "not a valid time"],
    [
      "an RSA key without NULL",
      write(spki(sequence(oid("1.2.840.113549.1.1.1")), sequence(integer(3n ** 700n), integer(3)))),
      "NULL",
    ],
    [
      "an RSA exponent of zero",
      write(spki(sequence(oid("1.2.840.113549.1.1.1"), nothing()), sequence(integer(3n ** 700n), integer(0)))),
      "not positive",
    ],
    ["a curve that Go lacks", write({ key: ecKey("prime192v1") }), "1.2.840.10045.3.1.1"],
    [
      "a compressed point",
      write(
        spki(
          sequence(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")),
          Buffer.concat([Buffer.of(2), Buffer.alloc(32, 1)]),
        ),
      ),
      "compressed",
    ],
    [
      "a point beside the curve",
      write(
        spki(
          sequence(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")),
          Buffer.concat([Buffer.of(4), Buffer.alloc(64, 1)]),
        ),
      ),
      "not on the curve",
    ],
    ["a short Ed25519 key", write(spki(sequence(oid("1.3.101.112")), Buffer.alloc(31))), "Ed25519"],
    ["an identifier with an arc of 2^31", write({ extensions: [extension("1.2.2147483648", nothing())] }), "2^31"],
    ["an extension twice", write({ extensions: [authorityExtension(), authorityExtension()] }), "twice"],
    ["a BOOLEAN of 1", write({ extensions: [extension("2.5.29.19", sequence(der(0x01, Buffer.of(1))))] }), "BOOLEAN"],
    [
      "a negative path length",
      write({ extensions: [extension("2.5.29.19", sequence(boolean(true), integer(-1)))] }),
      "path length",
    ],
    [
      "a key usage with dirty padding",
      write({ extensions: [extension("2.5.29.15", bits(Buffer.of(0xff), 3))] }),
      "padding",
    ],
    [
      "a DNS name with an umlaut",
      write({ extensions: [namesExtension([dnsName("m\xfcnchen.example")])] }),
      "not ASCII",
    ],
    ["an IP address of five bytes", write({ extensions: [namesExtension([der(0x87, Buffer.alloc(5))])] }), "5 bytes"],
    [
      "a URI that is none",
      write({ extensions: [namesExtension([der(0x86, Buffer.from("https://a b/"))])] }),
      "is not a URI",
    ],
    [
      "names that are no sequence",
      write({ extensions: [extension("2.5.29.17", octets(Buffer.of()))] }),
      "alternative names",
    ],
    [
      "a critical authority key identifier",
      write({ extensions: [extension("2.5.29.35", sequence(), true)] }),
      "critical",
    ],
    [
      "a critical subject key identifier",
      write({ extensions: [extension("2.5.29.14", octets(Buffer.of(1)), true)] }),
      "critical",
    ],
    [
      "a critical authority information access",
      write({ extensions: [extension("1.3.6.1.5.5.7.1.1", sequence(), true)] }),
      "critical",
    ],
    ["empty name constraints", write({ extensions: [constraintsExtension([])] }), "empty"],
    [
      "a mask with gaps",
      write({ extensions: [constraintsExtension([der(0x87, Buffer.of(10, 0, 0, 0, 255, 0, 255, 0))])] }),
      "gaps",
    ],
    [
      "a constraint with a trailing period",
      write({ extensions: [constraintsExtension([dnsName("example.com.")])] }),
      "not a domain name",
    ],
    [
      "a policy named twice",
      write({ extensions: [extension("2.5.29.32", sequence(sequence(oid("1.2.3")), sequence(oid("1.2.3"))))] }),
      "twice",
    ],
  ])("%s", (_, certificate, reason) => {
    expect(parseX509(certificate)).toMatchObject({ kind: "refused", reason: expect.stringContaining(reason) });
  });

  it("is reported with the byte at which it goes wrong", () => {
    const certificate = write({ serial: integer(-5) });
    const at = certificate.indexOf(integer(-5));
    expect(parseX509(certificate)).toMatchObject({ kind: "refused", rule: "invalid-value", offset: at });
  });
});

describe("the rules of lengths", () => {
  const whole = write({});
  const inside = whole.subarray(4);
  it.each<[string, Buffer, string]>([
    ["indefinite", Buffer.concat([Buffer.of(0x30, 0x80), inside, Buffer.of(0, 0)]), "indefinite-length"],
    [
      "one byte longer than needed",
      Buffer.concat([Buffer.of(0x30, 0x83, 0), whole.subarray(2, 4), inside]),
      "non-minimal-length",
    ],
    [
      "of five bytes",
      Buffer.concat([Buffer.of(0x30, 0x85, 0, 0, 0), whole.subarray(2, 4), inside]),
      "oversized-length",
    ],
    ["beyond the end", whole.subarray(0, -1), "truncated"],
    ["cut off", whole.subarray(0, 2), "truncated"],
    ["a tag above 30", Buffer.concat([Buffer.of(0x3f), whole.subarray(1)]), "high-tag"],
  ])("%s", (_, certificate, rule) => {
    expect(parseX509(certificate)).toMatchObject({ kind: "refused", rule, offset: 0 });
  });
});

describe("a certificate that Go parses although it is odd", () => {
  it.each<[string, Buffer]>([
    ["version 1", write({ version: Buffer.of() })],
    ["serial number zero", write({ serial: integer(0) })],
    ["a serial number of 30 bytes", write({ serial: integer(2n ** 239n) })],
    ["no subject and no issuer", write({ subject: EMPTY_NAME, issuer: EMPTY_NAME })],
    ["an asterisk in a printable string", write({ subject: attribute(text(0x13, "*.example.com")) })],
    ["an offset in the time", write({ notAfter: text(0x17, "300101000000+0130") })],
    ["a time without seconds", write({ notAfter: text(0x17, "3001010000Z") })],
    ["an unknown key algorithm", write(spki(sequence(oid("1.2.3.4")), Buffer.of(1)))],
    ["an unknown critical extension", write({ extensions: [extension("1.2.3.4", Buffer.from("anything"), true)] })],
    ["data after the extensions", write({ tail: nothing() })],
    ["key usage without any bit", write({ extensions: [extension("2.5.29.15", bits(Buffer.of()))] })],
    ["an identifier with an arc just below 2^31", write({ extensions: [extension("1.2.2147483647", nothing())] })],
    ["an Ed25519 key", write(spki(sequence(oid("1.3.101.112")), Buffer.alloc(32)))],
  ])("%s", (_, certificate) => {
    expect(parseX509(certificate).kind).toBe("parsed");
  });
});

describe("what is read", () => {
  const read = (fields: Partial<WrittenCertificate>) => {
    const parsed = parseX509(write(fields));
    return parsed.kind === "parsed" ? parsed.certificate : undefined;
  };

  it.each<[string, Uint8Array, string]>([
    ["UTCTime 49 is 2049", text(0x17, "490101000000Z"), "2049-01-01T00:00:00.000Z"],
    ["UTCTime 50 is 1950", text(0x17, "500101000000Z"), "1950-01-01T00:00:00.000Z"],
    ["GeneralizedTime has its own century", text(0x18, "29690503000001Z"), "2969-05-03T00:00:01.000Z"],
    ["an offset is taken off", text(0x17, "300101000000+0130"), "2029-12-31T22:30:00.000Z"],
    ["a leap day", text(0x17, "280229120000Z"), "2028-02-29T12:00:00.000Z"],
  ])("%s", (_, notAfter, expected) => {
    expect(read({ notAfter })?.notAfter.toISOString()).toBe(expected);
  });

  it("knows the critical extensions that Go does not handle", () => {
    const extensions = [
      authorityExtension(),
      extension("1.2.3.4", Buffer.of(), true),
      extension("1.2.3.5", Buffer.of()),
    ];
    expect(read({ extensions })?.unhandledCritical).toEqual(["1.2.3.4"]);
  });

  it.each<[string, WrittenExtension, readonly string[]]>([
    ["names of kinds that Go ignores", namesExtension([der(0xa4, EMPTY_NAME)], true), ["2.5.29.17"]],
    ["constraints on directory names", constraintsExtension([der(0xa4, EMPTY_NAME)]), ["2.5.29.30"]],
    ["constraints on DNS names", constraintsExtension([dnsName("example.com")]), []],
  ])("critical %s", (_, critical, unhandled) => {
    expect(read({ extensions: [critical] })?.unhandledCritical).toEqual(unhandled);
  });

  it.each<[string, Uint8Array, string, string]>([
    ["ECDSA", ECDSA_SHA256, "ecdsa", "ECDSA-SHA256"],
    ["RSA with the ISO name of SHA-1", sequence(oid("1.3.14.3.2.29")), "rsa", "SHA1-RSA"],
    ["Ed25519 with parameters is unknown", sequence(oid("1.3.101.112"), nothing()), "unknown", "1.3.101.112"],
    ["PSS without parameters is unknown", sequence(oid("1.2.840.113549.1.1.10")), "unknown", "1.2.840.113549.1.1.10"],
    ["PSS with SHA-256 and its salt", pss("2.16.840.1.101.3.4.2.1", 32), "rsa-pss", "SHA256-RSAPSS"],
    ["PSS with another salt length is unknown", pss("2.16.840.1.101.3.4.2.1", 20), "unknown", "1.2.840.113549.1.1.10"],
  ])("signature algorithm: %s", (_, algorithm, scheme, name) => {
    expect(read({ algorithm })?.signatureAlgorithm).toMatchObject({ scheme, name });
  });

  it("keeps the version that was written", () => {
    expect(read({ version: VERSION_3 })?.version).toBe(3);
  });
});

function pss(hash: string, salt: number): Buffer {
  const digest = sequence(oid(hash), nothing());
  return sequence(
    oid("1.2.840.113549.1.1.10"),
    sequence(der(0xa0, digest), der(0xa1, sequence(oid("1.2.840.113549.1.1.8"), digest)), der(0xa2, integer(salt))),
  );
}
