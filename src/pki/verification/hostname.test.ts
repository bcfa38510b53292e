import { describe, expect, it } from "vitest";
import {
  dnsName,
  EMPTY_NAME,
  ecKey,
  named,
  namesExtension,
  writeCertificate,
} from "../../../test/helpers/certificate-writing.ts";
import { der } from "../../../test/helpers/der-writing.ts";
import { x509Of } from "../certificate.ts";
import { hostnameFault } from "./hostname.ts";

const key = ecKey();
const ip = (...bytes: number[]) => der(0x87, Buffer.from(bytes));
const certificate = (names: readonly Buffer[]) =>
  x509Of(
    writeCertificate({
      key,
      subject: named("common.example.com"),
      extensions: names.length === 0 ? [] : [namesExtension(names)],
    }),
  );

describe("a certificate holds for a host", () => {
  it.each<[string, readonly Buffer[], string, boolean]>([
    ["its own name", [dnsName("a.example.com")], "a.example.com", true],
    ["in any case", [dnsName("A.Example.COM")], "a.eXample.com", true],
    ["with a trailing period in the request", [dnsName("a.example.com")], "a.example.com.", true],
    ["not with a trailing period in the certificate", [dnsName("a.example.com.")], "a.example.com", false],
    ["not for its common name", [dnsName("a.example.com")], "common.example.com", false],
    ["one label for a wildcard", [dnsName("*.example.com")], "a.example.com", true],
    ["not two labels", [dnsName("*.example.com")], "a.b.example.com", false],
    ["not no label", [dnsName("*.example.com")], "example.com", false],
    ["not with labels after it", [dnsName("*.example.com")], "a.example.com.org", false],
    ["not a part of a label", [dnsName("a*.example.com")], "ab.example.com", false],
    ["not a wildcard further in", [dnsName("a.*.example.com")], "a.b.example.com", false],
    ["not the bare wildcard", [dnsName("*")], "localhost", false],
    ["a name with underscores", [dnsName("a_b.example.com")], "a_b.example.com", true],
    ["an odd name literally", [dnsName("a b")], "a b", true],
    ["a wildcard does not match an odd name", [dnsName("*.example.com")], "a b.example.com", false],
    ["a single label", [dnsName("rancher")], "rancher", true],
    ["the second of its names", [dnsName("x.example.com"), dnsName("y.example.com")], "y.example.com", true],
    ["an IPv4 address", [ip(192, 0, 2, 1)], "192.0.2.1", true],
    ["an address in brackets", [ip(192, 0, 2, 1)], "[192.0.2.1]", true],
    ["an IPv4 address written as IPv6", [ip(192, 0, 2, 1)], "::ffff:192.0.2.1", true],
    [
      "an IPv6 address, however it is written",
      [ip(0x20, 1, 0xd, 0xb8, ...Array<number>(11).fill(0), 1)],
      "2001:DB8:0::1",
      true,
    ],
    ["not an address that is written as a DNS name", [dnsName("192.0.2.1")], "192.0.2.1", false],
    ["not another address", [ip(192, 0, 2, 1)], "192.0.2.2", false],
    ["not an address with leading zeros as an address", [ip(192, 0, 2, 1)], "192.0.02.1", false],
    ["a wildcard that is asked for literally", [dnsName("*.example.com")], "*.Example.com", true],
    ["not by a wildcard in the request", [dnsName("a.example.com")], "*.example.com", false],
    ["not the empty name", [dnsName("")], "", false],
    ["not the root of all names", [dnsName(".")], ".", false],
    ["not one label fewer", [dnsName("a.example.com")], "example.com", false],
    ["not a label that begins with a hyphen, as a pattern", [dnsName("*.-b.example.com")], "a.-b.example.com", false],
    ["an address that ends like another one", [ip(...Array<number>(12).fill(0), 192, 0, 2, 1)], "192.0.2.1", false],
    ["not an IPv6 address in brackets that are not closed", [ip(192, 0, 2, 1)], "[192.0.2.1", false],
    ["nothing without names", [], "common.example.com", false],
  ])("%s", (_, names, host, holds) => {
    expect(hostnameFault(certificate(names), host, "leaf") === undefined).toBe(holds);
  });

  it("and says what it is for otherwise, shortly", () => {
    const many = certificate(["a", "b", "c", "d", "e", "f", "g"].map((label) => dnsName(`${label}.example.com`)));
    expect(hostnameFault(many, "x.example.com", "leaf")?.sentence).toBe(
      "The certificate is for a.example.com, b.example.com, c.example.com, d.example.com, e.example.com and 2 more, not for x.example.com.",
    );
  });

  it("and names up to five whole", () => {
    const five = certificate(["a", "b", "c", "d"].map(dnsName).concat(ip(192, 0, 2, 1)));
    expect(hostnameFault(five, "x", "leaf")).toMatchObject({
      code: "chain.hostname",
      target: "leaf",
      sentence: "The certificate is for a, b, c, d, 192.0.2.1, not for x.",
    });
  });

  it("and that it holds for none, where it has no name at all", () => {
    const bare = x509Of(writeCertificate({ key, subject: EMPTY_NAME, extensions: [] }));
    expect(hostnameFault(bare, "x.example.com", "leaf")).toMatchObject({
      code: "chain.no-alternative-names",
      sentence: "The certificate has no subject alternative name, so it holds for no host, and not for x.example.com.",
    });
  });

  it("and says that a common name does not count", () => {
    expect(hostnameFault(certificate([]), "common.example.com", "leaf")).toMatchObject({
      code: "chain.no-alternative-names",
      sentence: expect.stringContaining("common.example.com only as its common name"),
    });
  });
});
