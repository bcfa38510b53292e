import { describe, expect, it } from "vitest";
import { type KeyPair, named, rsaKey, type WrittenCertificate } from "../../../test/helpers/certificate-writing.ts";
import { bits, der, integer, nothing, octets, oid, sequence, text } from "../../../test/helpers/der-writing.ts";
import {
  type Case,
  codes,
  HOST,
  issuing,
  keyId,
  keys,
  leaf,
  ROOT_EXTENSIONS,
  root,
  verdict,
  warnings,
  withExtension,
} from "../../../test/helpers/plain-chain.ts";

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

  const strange = sequence(sequence(oid("1.2.3.4")), der(0x03, Buffer.of(0, 1)));
  const numbers = sequence(integer(23), integer(11), integer(4));
  const dsa = sequence(sequence(oid("1.2.840.10040.4.1"), numbers), bits(integer(9)));
  const sha1Pss = sequence(oid("1.2.840.113549.1.1.10"), sequence());
  const unknown: [string, Partial<WrittenCertificate>, Partial<WrittenCertificate>, string][] = [
    ["an algorithm that nobody knows", { algorithm: sequence(oid("1.2.3.4")) }, {}, "1.2.3.4"],
    ["ECDSA with SHA-224", { algorithm: sequence(oid("1.2.840.10045.4.3.1")) }, {}, "1.2.840.10045.4.3.1"],
    ["DSA with SHA-256", { algorithm: sequence(oid("2.16.840.1.101.3.4.3.2")) }, {}, "DSA-SHA256"],
    ["PSS with its default, SHA-1", { algorithm: sha1Pss }, {}, "1.2.840.113549.1.1.10"],
    ["Ed25519 with parameters", { algorithm: sequence(oid("1.3.101.112"), nothing()) }, {}, "1.3.101.112"],
    ["a DSA key", {}, { key: { ...keys.root, spki: dsa } }, "ECDSA-SHA256"],
  ];
  it.each(unknown)("what is signed with %s is refused", (_, signed, signer, name) => {
    const found = verdict({ served: [leaf(), issuing(signed)], bundle: [root(signer)] });
    expect(codes(found)).toEqual([
      "intermediate 1: chain.unknown-algorithm",
      "intermediate 1: chain.unknown-authority",
    ]);
    expect(found.findings[0]?.sentence).toBe(`CN=Issuing is signed with ${name}, which Go cannot verify.`);
    expect(found.accepted).toBe(false);
  });

  it("a CA with a key of a kind that nobody knows is passed over", () => {
    const found = verdict({ bundle: [root({ key: { ...keys.root, spki: strange } })] });
    expect(codes(found)).toEqual(["intermediate 1: chain.unknown-authority"]);
  });

  it("how a root is said to have signed itself is not looked at", () => {
    expect(verdict({ bundle: [root({ algorithm: sequence(oid("1.2.840.10045.4.3.1")) })] }).findings).toEqual([]);
  });

  it("a serving key of a kind that TLS in Go does not know is refused", () => {
    const unknown = { ...keys.leaf, spki: strange };
    expect(codes(verdict({ served: [leaf({ key: unknown }), issuing()] }))).toEqual(["leaf: handshake.key-type"]);
  });

  it.each([
    [8192, true],
    [8193, false],
  ])("an RSA key of %d bits is sent: accepted %s", (size, accepted) => {
    const numbers = sequence(integer(2n ** BigInt(size - 1) + 1n), integer(65537));
    const huge = { ...keys.leaf, spki: sequence(sequence(oid("1.2.840.113549.1.1.1"), nothing()), bits(numbers)) };
    const found = verdict({ served: [leaf({ key: huge }), issuing()] });
    expect(found.accepted).toBe(accepted);
    expect(codes(found)).toEqual(accepted ? [] : ["leaf: handshake.rsa-too-large"]);
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

  it("where the chain is refused anyway, nothing is said about its end", () => {
    expect(warnings(verdict({ served: [leaf()], bundle: [issuing()], hostname: "other.example.com" }))).toEqual([]);
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

  it("without going round in circles", () => {
    const ring = [issuing({ issuer: named("Root") }), root({ signer: keys.issuing, issuer: named("Issuing") })];
    expect(codes(verdict({ served: [leaf(), ...ring], bundle: [] }))).toEqual([
      "intermediate 2: chain.unknown-authority",
    ]);
  });

  it("likely issuers first: a hundred and fifty strangers of the same name do no harm", () => {
    const strangers = Array.from({ length: 150 }, (_, index) =>
      root({ key: keys.other, serial: integer(index + 1), extensions: withExtension(ROOT_EXTENSIONS, keyId(9)) }),
    );
    expect(verdict({ bundle: [...strangers, root()] }).accepted).toBe(true);
  });

  it("until Go's budget of a hundred candidates is spent", () => {
    const crowd = (size: number) =>
      Array.from({ length: size }, (_, index) => root({ key: keys.other, serial: der(0x02, Buffer.of(index + 1)) }));
    expect(verdict({ bundle: [...crowd(98), root()] }).accepted).toBe(true);
    const tooMany = verdict({ bundle: [...crowd(100), root()] });
    expect(codes(tooMany)).toContain("intermediate 1: chain.too-many-candidates");
  });
});
