import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  authorityExtension,
  dnsName,
  ecKey,
  named,
  namesExtension,
  rsaKey,
  writeCertificate,
} from "../../test/helpers/certificate-writing.ts";
import { der, integer, nothing, oid, sequence, set, text, utf8 } from "../../test/helpers/der-writing.ts";
import { certificateOf } from "./certificate.ts";

const key = ecKey();
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("the facts of a certificate", () => {
  const bytes = writeCertificate({
    key,
    serial: integer(0x0abc),
    issuer: named("CA"),
    extensions: [
      namesExtension([
        dnsName("a.example.com"),
        der(0x87, Buffer.of(192, 0, 2, 1)),
        der(0x81, Buffer.from("a@example.com")),
        der(0x86, Buffer.from("https://example.com/")),
      ]),
    ],
  });

  it("are read", () => {
    expect(certificateOf(bytes)).toMatchObject({
      subject: "CN=subject",
      issuer: "CN=CA",
      serial: "abc",
      names: { dns: ["a.example.com"], ip: ["192.0.2.1"], email: ["a@example.com"], uri: ["https://example.com/"] },
      notBefore: new Date("2026-01-01T00:00:00Z"),
      notAfter: new Date("2030-01-01T00:00:00Z"),
      fingerprint: sha256(bytes),
      spkiHash: sha256(key.spki),
      isCa: false,
      selfSigned: false,
      key: { algorithm: "ECDSA", bits: 256 },
      signatureAlgorithm: "ECDSA-SHA256",
    });
  });

  it("include its PEM, which holds the very bytes in lines of 64", () => {
    const { pem, der: own } = certificateOf(bytes);
    const lines = pem.split("\n");
    expect(Buffer.from(lines.slice(1, -2).join(""), "base64").equals(bytes)).toBe(true);
    expect(Buffer.from(own).equals(bytes)).toBe(true);
    expect(lines.every((line) => line.length <= 64)).toBe(true);
    expect(pem.endsWith("-----END CERTIFICATE-----\n")).toBe(true);
  });

  it("know a CA, and an RSA key's size", () => {
    const rsa = rsaKey(2048);
    const algorithm = sequence(oid("1.2.840.113549.1.1.11"), nothing());
    expect(certificateOf(writeCertificate({ key: rsa, algorithm, extensions: [authorityExtension()] }))).toMatchObject({
      isCa: true,
      key: { algorithm: "RSA", bits: 2048 },
      signatureAlgorithm: "SHA256-RSA",
    });
  });
});

describe("a root", () => {
  const root = { issuer: named("Root"), subject: named("Root") };
  it.each([
    ["has its own name as issuer and its own signature", writeCertificate({ key, ...root }), true],
    ["is not one by its names alone", writeCertificate({ key, signer: ecKey(), ...root }), false],
    [
      "is not one by its signature alone",
      writeCertificate({ key, issuer: named("Other"), subject: named("Root") }),
      false,
    ],
  ])("%s", (_, bytes, selfSigned) => {
    expect(certificateOf(bytes).selfSigned).toBe(selfSigned);
  });
});

describe("a name is written as people read it", () => {
  const name = (...parts: Buffer[][]) => sequence(...parts.map((attributes) => set(...attributes)));
  const attribute = (type: string, value: Buffer) => sequence(oid(type), value);
  it.each<[string, Buffer, string]>([
    [
      "the most specific part first",
      name([attribute("2.5.4.10", utf8("Example"))], [attribute("2.5.4.3", utf8("CA"))]),
      "CN=CA,O=Example",
    ],
    [
      "several attributes in one part",
      name([attribute("2.5.4.3", utf8("CA")), attribute("2.5.4.11", utf8("IT"))]),
      "CN=CA+OU=IT",
    ],
    ["commas escaped", name([attribute("2.5.4.10", utf8("Example, Inc."))]), "O=Example\\, Inc."],
    ["line ends not let through", name([attribute("2.5.4.3", utf8("a\nb"))]), "CN=a?b"],
    ["unknown attributes by number", name([attribute("1.2.3.4", utf8("x"))]), "1.2.3.4=x"],
    ["Latin-1 for T.61", name([attribute("2.5.4.3", text(0x14, "M\xfcnchen"))]), "CN=München"],
    ["two-byte characters", name([attribute("2.5.4.3", der(0x1e, Buffer.from("4e2d6587", "hex")))]), "CN=中文"],
    ["UTF-8", name([attribute("2.5.4.3", utf8("中文"))]), "CN=中文"],
  ])("%s", (_, subject, written) => {
    expect(certificateOf(writeCertificate({ key, subject })).subject).toBe(written);
  });
});

it("what Go cannot parse is refused with reason and byte", () => {
  expect(() => certificateOf(Buffer.from("hello"))).toThrow(
    expect.objectContaining({
      code: "input.certificate-malformed",
      message: expect.stringMatching(/cannot be parsed: .* \(byte 0\)/),
    }),
  );
});
