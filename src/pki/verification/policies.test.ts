import { describe, expect, it } from "vitest";
import { ecKey, named, type WrittenExtension, writeCertificate } from "../../../test/helpers/certificate-writing.ts";
import { der, integer, oid, sequence } from "../../../test/helpers/der-writing.ts";
import { x509Of } from "../certificate.ts";
import { policiesHold } from "./policies.ts";

const key = ecKey();
const ANY = "2.5.29.32.0";
const policies = (...names: string[]): WrittenExtension => ({
  oid: "2.5.29.32",
  value: sequence(...names.map((name) => sequence(oid(name)))),
});
const mappings = (...pairs: [string, string][]): WrittenExtension => ({
  oid: "2.5.29.33",
  value: sequence(...pairs.map(([a, b]) => sequence(oid(a), oid(b)))),
});
const requireExplicit = (after: number): WrittenExtension => ({
  oid: "2.5.29.36",
  value: sequence(der(0x80, Buffer.of(after))),
});
const inhibitMapping = (after: number): WrittenExtension => ({
  oid: "2.5.29.36",
  value: sequence(der(0x80, Buffer.of(0)), der(0x81, Buffer.of(after))),
});
const inhibitAny = (after: number): WrittenExtension => ({ oid: "2.5.29.54", value: integer(after) });
const certificate = (...extensions: WrittenExtension[]) =>
  x509Of(writeCertificate({ key, issuer: named("above"), extensions }));

const root = certificate();

/** Issuer and subject are the same, as when a CA gets a new key. */
const selfIssued = (...extensions: WrittenExtension[]) =>
  x509Of(writeCertificate({ key, issuer: named("above"), subject: named("above"), extensions }));

// The verdicts are those of Go 1.26 (crypto/x509).
describe("certificate policies along a chain", () => {
  it.each([
    ["without any, nothing is asked", [certificate(), certificate(), root], true],
    [
      "different ones hold where none is required",
      [certificate(policies("1.2.3")), certificate(policies("1.2.4")), root],
      true,
    ],
    [
      "a required one that is carried down",
      [certificate(policies("1.2.3")), certificate(policies("1.2.3"), requireExplicit(0)), root],
      true,
    ],
    [
      "a required one that the leaf lacks",
      [certificate(), certificate(policies("1.2.3"), requireExplicit(0)), root],
      false,
    ],
    [
      "a required one where the leaf has another",
      [certificate(policies("1.2.4")), certificate(policies("1.2.3"), requireExplicit(0)), root],
      false,
    ],
    [
      "anyPolicy above permits every one",
      [certificate(policies("1.2.4")), certificate(policies(ANY), requireExplicit(0)), root],
      true,
    ],
    [
      "anyPolicy below continues every one",
      [certificate(policies(ANY)), certificate(policies("1.2.3"), requireExplicit(0)), root],
      true,
    ],
    [
      "unless anyPolicy is inhibited",
      [certificate(policies(ANY)), certificate(policies("1.2.3"), requireExplicit(0), inhibitAny(0)), root],
      false,
    ],
    [
      "not by a CA between that issued itself",
      [
        certificate(policies("1.2.3")),
        selfIssued(policies(ANY)),
        certificate(policies(ANY), requireExplicit(0), inhibitAny(0)),
        root,
      ],
      true,
    ],
    [
      "but by another CA between",
      [
        certificate(policies("1.2.3")),
        certificate(policies(ANY)),
        certificate(policies(ANY), requireExplicit(0), inhibitAny(0)),
        root,
      ],
      false,
    ],
    ["a negative limit is none", [certificate(), certificate(requireExplicit(255)), root], true],
    [
      "required only further below than the leaf",
      [certificate(), certificate(policies("1.2.3"), requireExplicit(2)), root],
      true,
    ],
    ["the leaf itself may require one", [certificate(requireExplicit(0)), certificate(), root], false],
    [
      "a mapped one",
      [
        certificate(policies("1.2.4")),
        certificate(policies("1.2.3"), requireExplicit(0), mappings(["1.2.3", "1.2.4"])),
        root,
      ],
      true,
    ],
    [
      "a mapping of anyPolicy is invalid",
      [certificate(policies("1.2.4")), certificate(policies("1.2.3"), mappings([ANY, "1.2.4"])), root],
      false,
    ],
    [
      "a mapping that a CA above inhibits",
      [
        certificate(policies("1.2.4")),
        certificate(policies("1.2.3"), mappings(["1.2.3", "1.2.4"])),
        certificate(policies("1.2.3"), inhibitMapping(0)),
        root,
      ],
      false,
    ],
    ["what the anchor says does not count", [certificate(), certificate(requireExplicit(0))], true],
    ["a chain of one", [certificate(requireExplicit(0))], true],
  ])("%s", (_, chain, hold) => {
    expect(policiesHold(chain)).toBe(hold);
  });
});
