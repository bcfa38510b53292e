import { describe, expect, it } from "vitest";
import {
  authorityExtension,
  constraintsExtension,
  dnsName,
  keyUsageExtension,
  named,
  purposesExtension,
} from "../../../test/helpers/certificate-writing.ts";
import { der, nothing, sequence, text } from "../../../test/helpers/der-writing.ts";
import {
  type Case,
  codes,
  errors,
  HOST,
  ISSUING_EXTENSIONS,
  issuing,
  keys,
  LEAF_EXTENSIONS,
  leaf,
  ROOT_EXTENSIONS,
  root,
  verdict,
  withExtension,
  without,
} from "../../../test/helpers/plain-chain.ts";

describe("a plain chain", () => {
  it("is accepted without a word, with its path", () => {
    const found = verdict({});
    expect(found.findings).toEqual([]);
    expect(found.accepted).toBe(true);
    expect(found.path?.map(({ subject }) => subject)).toEqual([`CN=${HOST}`, "CN=Issuing", "CN=Root"]);
  });

  it("needs at least a leaf", () => {
    expect(() => verdict({ served: [] })).toThrow(RangeError);
  });
});

describe("the agents refuse", () => {
  const expired = { notAfter: text(0x17, "260501000000Z") };
  it.each<[string, Case, readonly string[]]>([
    [
      "a bundle without the root",
      { bundle: [root({ key: keys.other, subject: named("Other"), issuer: named("Other") })] },
      ["intermediate 1: chain.unknown-authority"],
    ],
    ["an empty bundle", { bundle: [] }, ["intermediate 1: chain.unknown-authority"]],
    ["a missing intermediate", { served: [leaf()] }, ["leaf: chain.unknown-authority"]],
    [
      "a root of the same name with another key",
      { bundle: [root({ key: keys.other })] },
      ["intermediate 1: chain.bad-signature", "intermediate 1: chain.unknown-authority"],
    ],
    ["an expired leaf", { served: [leaf(expired), issuing()] }, ["leaf: chain.expired"]],
    [
      "an expired intermediate",
      { served: [leaf(), issuing(expired)] },
      ["intermediate 1: chain.expired", "leaf: chain.unknown-authority"],
    ],
    [
      "an expired root",
      { bundle: [root(expired)] },
      ["anchor CN=Root: chain.expired", "intermediate 1: chain.unknown-authority"],
    ],
    [
      "a time before the chain",
      { at: "2025-12-31T23:59:59Z" },
      ["leaf: chain.not-yet-valid", "intermediate 1: chain.not-yet-valid", "leaf: chain.unknown-authority"],
    ],
    ["another host", { hostname: "other.example.com" }, ["leaf: chain.hostname"]],
    [
      "a host that is only the common name",
      { served: [leaf({ extensions: without(LEAF_EXTENSIONS, "2.5.29.17") }), issuing()] },
      ["leaf: chain.no-alternative-names"],
    ],
    [
      "an unknown critical extension",
      {
        served: [
          leaf({ extensions: [...LEAF_EXTENSIONS, { oid: "1.2.3.4", critical: true, value: nothing() }] }),
          issuing(),
        ],
      },
      ["leaf: chain.critical-extension"],
    ],
    [
      "a leaf for clients only",
      {
        served: [
          leaf({ extensions: withExtension(LEAF_EXTENSIONS, purposesExtension(["1.3.6.1.5.5.7.3.2"])) }),
          issuing(),
        ],
      },
      ["leaf: chain.extended-key-usage"],
    ],
    [
      "a CA for clients only",
      { served: [leaf(), issuing({ extensions: [...ISSUING_EXTENSIONS, purposesExtension(["1.3.6.1.5.5.7.3.2"])] })] },
      ["intermediate 1: chain.extended-key-usage"],
    ],
    [
      "a root for clients only",
      { bundle: [root({ extensions: [...ROOT_EXTENSIONS, purposesExtension(["1.3.6.1.5.5.7.3.2"])] })] },
      ["anchor CN=Root: chain.extended-key-usage"],
    ],
    [
      "an intermediate that is no CA",
      { served: [leaf(), issuing({ extensions: without(ISSUING_EXTENSIONS, "2.5.29.19") })] },
      ["intermediate 1: chain.not-a-ca", "leaf: chain.unknown-authority"],
    ],
    [
      "an intermediate without keyCertSign",
      { served: [leaf(), issuing({ extensions: withExtension(ISSUING_EXTENSIONS, keyUsageExtension([0])) })] },
      ["intermediate 1: chain.ca-key-usage", "leaf: chain.unknown-authority"],
    ],
    [
      "a root with path length 0",
      { bundle: [root({ extensions: withExtension(ROOT_EXTENSIONS, authorityExtension(0)) })] },
      ["anchor CN=Root: chain.path-length", "intermediate 1: chain.unknown-authority"],
    ],
    [
      "a forbidden name",
      { bundle: [root({ extensions: [...ROOT_EXTENSIONS, constraintsExtension([], [dnsName("example.com")])] })] },
      ["leaf: chain.name-constraints"],
    ],
    [
      "a name that is not permitted",
      { bundle: [root({ extensions: [...ROOT_EXTENSIONS, constraintsExtension([dnsName("example.org")])] })] },
      ["leaf: chain.name-constraints"],
    ],
    [
      "constraints of a kind that Go does not check",
      { bundle: [root({ extensions: [...ROOT_EXTENSIONS, constraintsExtension([der(0xa4, named("x"))])] })] },
      ["anchor CN=Root: chain.critical-extension", "intermediate 1: chain.unknown-authority"],
    ],
    [
      "a policy that the CA requires and the leaf lacks",
      {
        served: [
          leaf(),
          issuing({
            extensions: [...ISSUING_EXTENSIONS, { oid: "2.5.29.36", value: sequence(der(0x80, Buffer.of(0))) }],
          }),
        ],
      },
      ["leaf: chain.policies"],
    ],
  ])("%s", (_, question, expected) => {
    const found = verdict(question);
    expect(codes(found)).toEqual(expected);
    expect(found.accepted).toBe(false);
    expect(found.path).toBeUndefined();
  });

  it("and says all that is wrong at once", () => {
    const found = verdict({ served: [leaf({ notAfter: text(0x17, "260501000000Z") })], hostname: "other.example.com" });
    expect(codes(found)).toEqual(["leaf: chain.expired", "leaf: chain.hostname", "leaf: chain.unknown-authority"]);
  });

  it("with a sentence that names the certificate and a hint", () => {
    const [first] = errors(verdict({ bundle: [root({ notAfter: text(0x17, "260501000000Z") })] }));
    expect(first?.sentence).toBe("CN=Root expired at 2026-05-01T00:00:00Z; the time is 2026-06-01T00:00:00Z.");
    expect(first?.hint).not.toBe("");
  });
});

describe("the agents accept", () => {
  it.each<[string, Case]>([
    [
      "an extendedKeyUsage that lists nothing",
      { served: [leaf({ extensions: withExtension(LEAF_EXTENSIONS, purposesExtension([])) }), issuing()] },
    ],
    [
      "a CA for any purpose",
      { served: [leaf(), issuing({ extensions: [...ISSUING_EXTENSIONS, purposesExtension(["2.5.29.37.0"])] })] },
    ],
    [
      "a leaf whose CA has its name and key",
      { served: [leaf({ key: keys.issuing, subject: named("Issuing") }), issuing()] },
    ],
    [
      "a path length that just suffices",
      { bundle: [root({ extensions: withExtension(ROOT_EXTENSIONS, authorityExtension(1)) })] },
    ],
  ])("%s", (_, question) => {
    expect(codes(verdict(question))).toEqual([]);
  });
});

describe("validity ends", () => {
  it.each([
    ["in its last second", "2030-01-01T00:00:00Z", true],
    ["not a moment later", "2030-01-01T00:00:00.001Z", false],
    ["and starts with its first second", "2026-01-01T00:00:00Z", true],
    ["not a moment earlier", "2025-12-31T23:59:59.999Z", false],
  ])("%s", (_, at, accepted) => {
    expect(verdict({ at }).accepted).toBe(accepted);
  });
});
