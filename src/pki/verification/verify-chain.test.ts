import { describe, expect, it } from "vitest";
import {
  authorityExtension,
  constraintsExtension,
  dnsName,
  ecKey,
  type KeyPair,
  keyUsageExtension,
  named,
  namesExtension,
  purposesExtension,
  rsaKey,
  type WrittenCertificate,
  type WrittenExtension,
  writeCertificate,
} from "../../../test/helpers/certificate-writing.ts";
import { der, nothing, octets, oid, sequence, text } from "../../../test/helpers/der-writing.ts";
import { certificateOf } from "../certificate.ts";
import { type ChainVerdict, verifyChain } from "./verify-chain.ts";

const AT = new Date("2026-06-01T00:00:00Z");
const HOST = "rancher.example.com";
const SERVER = "1.3.6.1.5.5.7.3.1";
const keys = { root: ecKey(), issuing: ecKey(), leaf: ecKey(), other: ecKey() };
const keyId = (id: number): WrittenExtension => ({ oid: "2.5.29.14", value: octets(Buffer.of(id)) });
const issuerId = (id: number): WrittenExtension => ({ oid: "2.5.29.35", value: sequence(der(0x80, Buffer.of(id))) });

const ROOT_EXTENSIONS = [authorityExtension(), keyUsageExtension([5, 6]), keyId(1)];
const ISSUING_EXTENSIONS = [authorityExtension(), keyUsageExtension([5, 6]), keyId(2), issuerId(1)];
const LEAF_EXTENSIONS = [
  keyUsageExtension([0]),
  purposesExtension([SERVER]),
  keyId(3),
  issuerId(2),
  namesExtension([dnsName(HOST)]),
];

const root = (fields: Partial<WrittenCertificate> = {}) =>
  writeCertificate({
    key: keys.root,
    issuer: named("Root"),
    subject: named("Root"),
    extensions: ROOT_EXTENSIONS,
    ...fields,
  });
const issuing = (fields: Partial<WrittenCertificate> = {}) =>
  writeCertificate({
    key: keys.issuing,
    signer: keys.root,
    issuer: named("Root"),
    subject: named("Issuing"),
    extensions: ISSUING_EXTENSIONS,
    ...fields,
  });
const leaf = (fields: Partial<WrittenCertificate> = {}) =>
  writeCertificate({
    key: keys.leaf,
    signer: keys.issuing,
    issuer: named("Issuing"),
    subject: named(HOST),
    extensions: LEAF_EXTENSIONS,
    ...fields,
  });

/** The extensions of a plain leaf (or CA) with one replaced or added. */
const withExtension = (extensions: readonly WrittenExtension[], extension: WrittenExtension) => [
  ...extensions.filter(({ oid: id }) => id !== extension.oid),
  extension,
];
const without = (extensions: readonly WrittenExtension[], id: string) =>
  extensions.filter((extension) => extension.oid !== id);

interface Case {
  readonly served?: readonly Buffer[];
  readonly bundle?: readonly Buffer[];
  readonly hostname?: string;
  readonly at?: string;
}

function verdict({ served = [leaf(), issuing()], bundle = [root()], hostname = HOST, at }: Case): ChainVerdict {
  return verifyChain({
    chain: served.map(certificateOf),
    anchors: bundle.map(certificateOf),
    hostname,
    at: at === undefined ? AT : new Date(at),
  });
}

const errors = ({ findings }: ChainVerdict) => findings.filter(({ severity }) => severity === "error");
const codes = (found: ChainVerdict) => errors(found).map(({ code, target }) => `${target}: ${code}`);
const warnings = ({ findings }: ChainVerdict) =>
  findings.filter(({ severity }) => severity === "warning").map(({ code, target }) => `${target}: ${code}`);

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

describe("keys and signatures", () => {
  const rsa = (size: number) => rsaKey(size);
  const RSA_SHA256 = sequence(oid("1.2.840.113549.1.1.11"), nothing());
  const RSA_SHA1 = sequence(oid("1.2.840.113549.1.1.5"), nothing());
  const rootOf = (key: KeyPair, algorithm = RSA_SHA256, hash = "sha256") => root({ key, algorithm, hash });
  const issuedBy = (signer: KeyPair, algorithm = RSA_SHA256, hash = "sha256") => [
    leaf(),
    issuing({ signer, algorithm, hash }),
  ];
  const small = rsa(512);
  const medium = rsa(1024);
  const usual = rsa(2048);

  it.each<[string, Case, readonly string[]]>([
    ["an RSA 2048 root signs", { bundle: [rootOf(usual)], served: issuedBy(usual) }, []],
    ["an RSA 1024 root still signs", { bundle: [rootOf(medium)], served: issuedBy(medium) }, []],
    [
      "an RSA 512 root does not",
      { bundle: [rootOf(small)], served: issuedBy(small) },
      ["anchor CN=Root: chain.weak-key", "intermediate 1: chain.unknown-authority"],
    ],
    [
      "SHA-1 is refused",
      { bundle: [rootOf(usual)], served: issuedBy(usual, RSA_SHA1, "sha1") },
      ["intermediate 1: chain.weak-signature", "intermediate 1: chain.unknown-authority"],
    ],
    [
      "a root may have signed itself with SHA-1",
      { bundle: [rootOf(usual, RSA_SHA1, "sha1")], served: issuedBy(usual) },
      [],
    ],
    [
      "an RSA name on an ECDSA signature is refused",
      { served: [leaf(), issuing({ algorithm: RSA_SHA256 })] },
      ["intermediate 1: chain.bad-signature", "intermediate 1: chain.unknown-authority"],
    ],
    [
      "a serving key of RSA 512 cannot make a handshake",
      { served: [leaf({ key: small }), issuing()] },
      ["leaf: chain.weak-key"],
    ],
  ])("%s", (_, question, expected) => {
    expect(codes(verdict(question))).toEqual(expected);
  });

  it("a serving key of a kind that TLS in Go does not know is refused", () => {
    const unknown = { ...keys.leaf, spki: sequence(sequence(oid("1.2.3.4")), der(0x03, Buffer.of(0, 1))) };
    expect(codes(verdict({ served: [leaf({ key: unknown }), issuing()] }))).toEqual(["leaf: handshake.key-type"]);
  });

  it("a changed byte anywhere in the signed part breaks the signature", () => {
    const changed = Buffer.from(issuing());
    const at = changed.lastIndexOf(octets(Buffer.of(2)));
    changed[at + 2] = 9;
    expect(codes(verdict({ served: [leaf(), changed] }))).toContain("intermediate 1: chain.bad-signature");
  });
});

describe("every certificate of the bundle is an anchor", () => {
  it("a chain may end at an intermediate whose root nobody has", () => {
    const found = verdict({ served: [leaf()], bundle: [issuing()] });
    expect(codes(found)).toEqual([]);
    expect(found.path?.map(({ subject }) => subject)).toEqual([`CN=${HOST}`, "CN=Issuing"]);
    expect(warnings(found)).toEqual(["anchor CN=Issuing: strict.no-root"]);
  });

  it("an expired root above such an anchor does not count for Go, but others mind", () => {
    const bundle = [issuing(), root({ notAfter: text(0x17, "260501000000Z") })];
    const found = verdict({ served: [leaf()], bundle });
    expect(found.accepted).toBe(true);
    expect(warnings(found)).toEqual(["anchor CN=Issuing: strict.no-root"]);
    expect(found.findings[0]?.sentence).toContain("OpenSSL");
    expect(found.findings[0]?.sentence).toContain("expired");
  });

  it("nobody minds where the root is there and good", () => {
    expect(verdict({ served: [leaf()], bundle: [issuing(), root()] }).findings).toEqual([]);
  });

  it("a self-signed serving certificate in the bundle is its own anchor", () => {
    const own = leaf({ signer: keys.leaf, issuer: named(HOST) });
    const found = verdict({ served: [own], bundle: [own] });
    expect(found.accepted).toBe(true);
    expect(found.path).toHaveLength(1);
  });

  it("an anchor need not be a CA by version 1, but a version 3 one must say so", () => {
    expect(verdict({ bundle: [root({ version: Buffer.of(), extensions: [] })] }).accepted).toBe(true);
    expect(verdict({ bundle: [root({ extensions: [keyId(1)] })] }).accepted).toBe(false);
  });
});

describe("all paths are tried", () => {
  const expiredRoot = root({ notAfter: text(0x17, "260501000000Z") });
  const otherRoot = root({ key: keys.other, subject: named("New Root"), issuer: named("New Root") });
  const cross = issuing({ signer: keys.other, issuer: named("New Root") });

  it.each<[string, Case, boolean]>([
    [
      "an intermediate that is cross-signed by a root we have",
      { served: [leaf(), issuing(), cross], bundle: [otherRoot] },
      true,
    ],
    ["the expired root first, the good one of the same name and key second", { bundle: [expiredRoot, root()] }, true],
    ["two roots of one name, the right one last", { bundle: [root({ key: keys.other }), root()] }, true],
    [
      "two intermediates of one name, the right one last",
      { served: [leaf(), issuing({ key: keys.other }), issuing()] },
      true,
    ],
    ["intermediates in any order with strangers between", { served: [leaf(), otherRoot, issuing()] }, true],
    [
      "a loop of two CAs that signed each other",
      {
        served: [leaf(), issuing({ issuer: named("Root") }), root({ signer: keys.issuing, issuer: named("Issuing") })],
        bundle: [],
      },
      false,
    ],
  ])("%s", (_, question, accepted) => {
    expect(verdict(question).accepted).toBe(accepted);
  });

  it("until Go's budget of a hundred candidates is spent", () => {
    const crowd = (size: number) =>
      Array.from({ length: size }, (_, index) => root({ key: keys.other, serial: der(0x02, Buffer.of(index + 1)) }));
    expect(verdict({ bundle: [...crowd(98), root()] }).accepted).toBe(true);
    const tooMany = verdict({ bundle: [...crowd(100), root()] });
    expect(codes(tooMany)).toContain("intermediate 1: chain.too-many-candidates");
  });
});
