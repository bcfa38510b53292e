import { describe, expect, it } from "vitest";
import {
  constraintsExtension,
  dnsName,
  ecKey,
  namesExtension,
  writeCertificate,
} from "../../../test/helpers/certificate-writing.ts";
import { der } from "../../../test/helpers/der-writing.ts";
import { x509Of } from "../certificate.ts";
import { constraintFault } from "./name-constraints.ts";

const key = ecKey();
const ip = (...bytes: number[]) => der(0x87, Buffer.from(bytes));
const mail = (text: string) => der(0x81, Buffer.from(text));
const uri = (text: string) => der(0x86, Buffer.from(text));
const leaf = (...names: Buffer[]) => x509Of(writeCertificate({ key, extensions: [namesExtension(names)] }));
const authority = (permitted: readonly Buffer[], excluded: readonly Buffer[] = []) =>
  x509Of(writeCertificate({ key, extensions: [constraintsExtension(permitted, excluded)] }));

/** How `::ffff:a.b.c.d` begins. */
const MAPPED = [...Array<number>(10).fill(0), 255, 255];
const OTHER_V4 = Buffer.from([203, 0, 113, 0, 255, 255, 255, 0]);

// The verdicts are the stricter ones of Go 1.26 and Go 1.25 (crypto/x509), wherever these differ.
describe("a name under a CA with constraints", () => {
  it.each<[string, Buffer, readonly Buffer[], readonly Buffer[], boolean]>([
    ["the permitted domain itself", dnsName("example.com"), [dnsName("example.com")], [], true],
    ["below the permitted domain", dnsName("a.b.example.com"), [dnsName("example.com")], [], true],
    ["in another case", dnsName("A.EXAMPLE.com"), [dnsName("Example.Com")], [], true],
    ["ends alike, but is another domain", dnsName("anexample.com"), [dnsName("example.com")], [], false],
    ["a leading period means below only", dnsName("example.com"), [dnsName(".example.com")], [], false],
    ["a leading period permits what is below", dnsName("a.example.com"), [dnsName(".example.com")], [], true],
    ["one of several permitted", dnsName("x.example.org"), [dnsName("example.com"), dnsName("example.org")], [], true],
    [
      "beside constraints that sort between",
      dnsName("b.a.com"),
      [dnsName("a.com"), dnsName("a.a.com"), dnsName("a-a.com")],
      [],
      true,
    ],
    ["the empty constraint permits everything", dnsName("x.example.org"), [dnsName("")], [], true],
    ["excluded", dnsName("a.example.com"), [], [dnsName("example.com")], false],
    [
      "excluded within what is permitted",
      dnsName("secret.example.com"),
      [dnsName("example.com")],
      [dnsName("secret.example.com")],
      false,
    ],
    [
      "a wildcard that would cover an excluded name",
      dnsName("*.example.com"),
      [],
      [dnsName("secret.example.com")],
      false,
    ],
    ["a wildcard beside an excluded name", dnsName("*.example.org"), [], [dnsName("secret.example.com")], true],
    ["an invalid name where there are constraints", dnsName("a..example.com"), [dnsName("example.com")], [], false],
    ["a kind that is not constrained", dnsName("example.com"), [ip(10, 0, 0, 0, 255, 0, 0, 0)], [], true],
    ["an address in the permitted range", ip(10, 9, 8, 7), [ip(10, 0, 0, 0, 255, 0, 0, 0)], [], true],
    ["an address outside of it", ip(11, 9, 8, 7), [ip(10, 0, 0, 0, 255, 0, 0, 0)], [], false],
    [
      "an IPv6 address where only IPv4 is permitted",
      ip(...Array<number>(15).fill(0), 1),
      [ip(10, 0, 0, 0, 255, 0, 0, 0)],
      [],
      false,
    ],
    ["an address in an excluded range", ip(192, 0, 2, 77), [], [ip(192, 0, 2, 0, 255, 255, 255, 0)], false],
    ["a range whose address has host bits, met from above", ip(10, 0, 0, 9), [ip(10, 0, 0, 5, 255, 0, 0, 0)], [], true],
    [
      "a range whose address has host bits, hidden by a lower one",
      ip(10, 0, 0, 1),
      [ip(9, 0, 0, 0, 255, 0, 0, 0), ip(10, 0, 0, 5, 255, 0, 0, 0)],
      [],
      false,
    ],
    [
      "an excluded range with host bits, which Go 1.26 misses behind a lower one",
      ip(10, 0, 0, 1),
      [],
      [ip(9, 0, 0, 0, 255, 0, 0, 0), ip(10, 0, 0, 5, 255, 0, 0, 0)],
      false,
    ],
    [
      "an excluded range that Go 1.26 misses behind a narrower one",
      ip(10, 0, 0, 9),
      [],
      [ip(10, 0, 0, 5, 255, 0, 0, 0), ip(10, 0, 0, 6, 255, 255, 255, 255)],
      false,
    ],
    ["an excluded address beside others", ip(10, 0, 0, 9), [], [ip(10, 0, 0, 8, 255, 255, 255, 255)], true],
    [
      "IPv4 in IPv6 form under an excluded ::/0, which Go 1.26 takes for IPv4",
      ip(...MAPPED, 10, 0, 0, 7),
      [],
      [ip(...Array<number>(32).fill(0))],
      false,
    ],
    [
      "IPv4 in IPv6 form under a permitted ::/0, which Go 1.26 takes for IPv4",
      ip(...MAPPED, 10, 0, 0, 7),
      [ip(...Array<number>(32).fill(0))],
      [],
      false,
    ],
    [
      "IPv4 in IPv6 form in a permitted range of that form",
      ip(...MAPPED, 10, 0, 0, 7),
      [ip(...MAPPED, 10, 0, 0, 0, ...Array<number>(13).fill(255), 0, 0, 0)],
      [],
      true,
    ],
    [
      "an IPv6 address below a range in IPv4 form that is shorter than that form",
      ip(...MAPPED.slice(0, 10), 255, 0xfe, 10, 0, 0, 7),
      [ip(...MAPPED, 10, 0, 0, 0, ...Array<number>(10).fill(255), ...Array<number>(6).fill(0))],
      [],
      false,
    ],
    [
      "IPv4 in IPv6 form under an excluded 0.0.0.0/0",
      ip(...MAPPED, 10, 0, 0, 7),
      [],
      [ip(...Array<number>(8).fill(0))],
      true,
    ],
    [
      "a mailbox of an excluded domain beside others",
      mail("a@b.example.com"),
      [],
      [mail("example.org"), mail("example.com")],
      false,
    ],
    ["a mailbox in the permitted domain", mail("a@example.com"), [mail("example.com")], [], true],
    ["the permitted mailbox", mail("a@EXAMPLE.com"), [mail("a@example.com")], [], true],
    ["another mailbox", mail("b@example.com"), [mail("a@example.com")], [], false],
    ["a mailbox that is none", mail("example.com"), [mail("example.com")], [], false],
    ["a URI in the permitted domain", uri("https://a.example.com:8443/x"), [uri("example.com")], [], true],
    ["a URI elsewhere", uri("https://a.example.org/"), [uri("example.com")], [], false],
    ["a URI with an address", uri("https://192.0.2.1/"), [dnsName("example.com")], [], false],
    ["a URI without host", uri("urn:example:a"), [dnsName("example.com")], [], false],
  ])("%s", (_, name, permitted, excluded, allowed) => {
    expect(constraintFault([leaf(name), authority(permitted, excluded)]) === undefined).toBe(allowed);
  });
});

describe("constraints along a chain", () => {
  const com = authority([dnsName("example.com")]);
  const sub = authority([dnsName("sub.example.com")]);

  it.each([
    ["all of them count", [leaf(dnsName("a.example.com")), sub, com], false],
    ["in any order", [leaf(dnsName("a.example.com")), com, sub], false],
    ["a name that fits all", [leaf(dnsName("a.sub.example.com")), sub, com], true],
    ["names of an intermediate count too", [leaf(dnsName("a.example.com")), leaf(dnsName("example.org")), com], false],
    ["not for what is above", [leaf(dnsName("a.example.com")), com, leaf(dnsName("example.org"))], true],
    ["not for the CA itself", [com], true],
    [
      "every name must fit, also those not asked for",
      [leaf(dnsName("a.example.com"), dnsName("example.org")), com],
      false,
    ],
  ])("%s", (_, chain, allowed) => {
    expect(constraintFault(chain) === undefined).toBe(allowed);
  });

  it("the fault names the certificate, the name and the constraint", () => {
    const bad = leaf(dnsName("a.example.com"));
    expect(constraintFault([bad, authority([], [dnsName("example.com")]), authority([], [ip(...OTHER_V4)])])).toEqual({
      certificate: bad,
      reason: 'DNS name a.example.com is excluded by the name constraint "example.com"',
    });
  });
});
