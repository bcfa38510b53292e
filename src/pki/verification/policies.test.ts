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
    [
      "a mapping to two of them",
      [
        certificate(policies("1.2.5")),
        certificate(policies("1.2.3"), requireExplicit(0), mappings(["1.2.3", "1.2.4"], ["1.2.3", "1.2.5"])),
        root,
      ],
      true,
    ],
    [
      "one that was mapped away",
      [
        certificate(policies("1.2.3")),
        certificate(policies("1.2.3"), requireExplicit(0), mappings(["1.2.3", "1.2.4"])),
        root,
      ],
      false,
    ],
    [
      "mapped twice on the way down",
      [
        certificate(policies("1.2.5")),
        certificate(policies("1.2.4"), mappings(["1.2.4", "1.2.5"])),
        certificate(policies("1.2.3"), requireExplicit(0), mappings(["1.2.3", "1.2.4"])),
        root,
      ],
      true,
    ],
    [
      "a mapping of what anyPolicy permits",
      [
        certificate(policies("1.2.4")),
        certificate(policies(ANY), requireExplicit(0), inhibitAny(0), mappings(["1.2.3", "1.2.4"])),
        root,
      ],
      true,
    ],
    [
      "an inhibited mapping takes away what it would map",
      [
        certificate(policies("1.2.3")),
        certificate(policies("1.2.3", "1.2.9"), mappings(["1.2.3", "1.2.4"])),
        certificate(policies("1.2.3", "1.2.9"), inhibitMapping(0)),
        root,
      ],
      false,
    ],
    [
      "and nothing else",
      [
        certificate(policies("1.2.9")),
        certificate(policies("1.2.3", "1.2.9"), mappings(["1.2.3", "1.2.4"])),
        certificate(policies("1.2.3", "1.2.9"), inhibitMapping(0)),
        root,
      ],
      true,
    ],
    [
      "a mapping that is inhibited from one CA further down",
      [
        certificate(policies("1.2.4")),
        certificate(policies("1.2.3"), mappings(["1.2.3", "1.2.4"])),
        certificate(policies("1.2.3"), inhibitMapping(1)),
        root,
      ],
      true,
    ],
    [
      "a mapping one CA further down than may map",
      [
        certificate(policies("1.2.4")),
        certificate(policies("1.2.3"), mappings(["1.2.3", "1.2.4"])),
        certificate(policies("1.2.3")),
        certificate(policies("1.2.3"), inhibitMapping(1)),
        root,
      ],
      false,
    ],
    [
      "a CA between that issued itself does not count there",
      [
        certificate(policies("1.2.4")),
        certificate(policies("1.2.3"), mappings(["1.2.3", "1.2.4"])),
        selfIssued(policies("1.2.3")),
        certificate(policies("1.2.3"), inhibitMapping(1)),
        root,
      ],
      true,
    ],
    [
      "required two further down, and the leaf is that",
      [certificate(), certificate(), certificate(requireExplicit(2)), root],
      false,
    ],
    [
      "required two further down, where a CA between issued itself",
      [certificate(), selfIssued(), certificate(requireExplicit(2)), root],
      true,
    ],
    [
      "required more loosely further down changes nothing",
      [certificate(), certificate(requireExplicit(9)), certificate(requireExplicit(0)), root],
      false,
    ],
    [
      "anyPolicy that is inhibited from one further down",
      [certificate(policies(ANY)), certificate(policies("1.2.3"), requireExplicit(0), inhibitAny(1)), root],
      true,
    ],
    [
      "anyPolicy one further down than it counts",
      [
        certificate(policies(ANY)),
        certificate(policies("1.2.3")),
        certificate(policies("1.2.3"), requireExplicit(0), inhibitAny(1)),
        root,
      ],
      false,
    ],
    [
      "a leaf that issued itself is no CA between",
      [selfIssued(policies(ANY)), certificate(policies("1.2.3"), requireExplicit(0), inhibitAny(0)), root],
      false,
    ],
    [
      "one that a CA between does not carry",
      [certificate(policies("1.2.3")), certificate(), certificate(policies("1.2.3"), requireExplicit(2)), root],
      false,
    ],
    [
      "one of several that is carried down by one of two",
      [
        certificate(policies("1.2.4", "1.2.9")),
        certificate(policies("1.2.8", "1.2.9")),
        certificate(policies("1.2.3", "1.2.9"), requireExplicit(0)),
        root,
      ],
      true,
    ],
    [
      "one that was carried down only so far",
      [
        certificate(policies("1.2.3")),
        certificate(policies("1.2.9")),
        certificate(policies("1.2.3", "1.2.9"), requireExplicit(0)),
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
