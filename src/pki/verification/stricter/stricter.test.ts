import { describe, expect, it } from "vitest";
import {
  authorityExtension,
  constraintsExtension,
  dnsName,
  EMPTY_NAME,
  ecKey,
  keyUsageExtension,
  named,
  namesExtension,
  purposesExtension,
  rsaKey,
  type WrittenCertificate,
  type WrittenExtension,
  writeCertificate,
} from "../../../../test/helpers/certificate-writing.ts";
import { der, integer, nothing, octets, oid, sequence } from "../../../../test/helpers/der-writing.ts";
import { certificateOf } from "../../certificate.ts";
import { verifyChain } from "../verify-chain.ts";

const HOST = "rancher.example.com";
const SERVER = "1.3.6.1.5.5.7.3.1";
const keys = { root: ecKey(), older: ecKey(), leaf: ecKey(), p224: ecKey("secp224r1"), rsa1024: rsaKey(1024) };
const keyId = (id: number): WrittenExtension => ({ oid: "2.5.29.14", value: octets(Buffer.of(id)) });
const issuerId = (...members: Buffer[]): WrittenExtension => ({ oid: "2.5.29.35", value: sequence(...members) });
const ID = (id: number) => der(0x80, Buffer.of(id));

const ROOT = [authorityExtension(), keyUsageExtension([5, 6]), keyId(1)];
const LEAF = [keyUsageExtension([0]), purposesExtension([SERVER]), issuerId(ID(1)), namesExtension([dnsName(HOST)])];

/** Replaces, adds or (with undefined as value) removes an extension. */
const change = (extensions: readonly WrittenExtension[], id: string, replacement?: WrittenExtension) => [
  ...extensions.filter((extension) => extension.oid !== id),
  ...(replacement === undefined ? [] : [replacement]),
];
const changeLeaf = (id: string, replacement?: WrittenExtension) => ({
  leaf: { extensions: change(LEAF, id, replacement) },
});
const changeRoot = (id: string, replacement?: WrittenExtension) => ({
  root: { extensions: change(ROOT, id, replacement) },
});

interface Chain {
  readonly leaf?: Partial<WrittenCertificate>;
  readonly root?: Partial<WrittenCertificate>;
  /** Sent after the leaf. */
  readonly others?: readonly Buffer[];
}

function judge({ leaf = {}, root = {}, others = [] }: Chain) {
  const anchor = writeCertificate({
    key: keys.root,
    issuer: named("Root"),
    subject: named("Root"),
    extensions: ROOT,
    ...root,
  });
  const serving = writeCertificate({
    key: keys.leaf,
    signer: root.key ?? keys.root,
    issuer: named("Root"),
    subject: named(HOST),
    extensions: LEAF,
    ...leaf,
  });
  return verifyChain({
    chain: [serving, ...others].map(certificateOf),
    anchors: [certificateOf(anchor)],
    hostname: HOST,
    at: new Date("2026-06-01T00:00:00Z"),
  });
}

describe("a chain that Go takes is warned about when others would not", () => {
  const critical = (extension: WrittenExtension, value: boolean): WrittenExtension => ({
    ...extension,
    critical: value,
  });
  const ECDSA_SHA1 = sequence(oid("1.2.840.10045.4.1"));
  const ECDSA_SHA224 = sequence(oid("1.2.840.10045.4.3.1"));
  const RSA_SHA256 = sequence(oid("1.2.840.113549.1.1.11"), nothing());

  it.each<[string, Chain, readonly string[]]>([
    ["nothing odd, no warning", {}, []],
    ["leaf without authority key identifier", changeLeaf("2.5.29.35"), ["leaf: strict.authority-key-id"]],
    ["root without subject key identifier", changeRoot("2.5.29.14"), ["anchor CN=Root: strict.subject-key-id"]],
    ["root whose authority key identifier is its own", { root: { extensions: [...ROOT, issuerId(ID(1))] } }, []],
    [
      "root whose authority key identifier is another's",
      { root: { extensions: [...ROOT, issuerId(ID(7))] } },
      ["anchor CN=Root: strict.authority-key-id"],
    ],
    [
      "root whose authority key identifier names a serial number",
      { root: { extensions: [...ROOT, issuerId(ID(1), der(0x82, Buffer.of(1)))] } },
      ["anchor CN=Root: strict.authority-key-id"],
    ],
    [
      "basicConstraints of the root not critical",
      changeRoot("2.5.29.19", critical(authorityExtension(), false)),
      ["anchor CN=Root: strict.basic-constraints"],
    ],
    [
      "root with a keyUsage without any bit",
      changeRoot("2.5.29.15", keyUsageExtension([])),
      ["anchor CN=Root: strict.key-usage"],
    ],
    [
      "root for servers",
      { root: { extensions: [...ROOT, purposesExtension([SERVER])] } },
      ["anchor CN=Root: strict.extended-key-usage"],
    ],
    [
      "name constraints not critical",
      { root: { extensions: [...ROOT, constraintsExtension([dnsName("example.com")], [], false)] } },
      ["anchor CN=Root: strict.name-constraints"],
    ],
    [
      "leaf that is a CA",
      { leaf: { extensions: [...LEAF, authorityExtension()] } },
      ["leaf: strict.basic-constraints"],
    ],
    ["leaf that may sign certificates", changeLeaf("2.5.29.15", keyUsageExtension([0, 5])), ["leaf: strict.key-usage"]],
    [
      "leaf that may not sign in a handshake",
      changeLeaf("2.5.29.15", keyUsageExtension([2])),
      ["leaf: strict.key-usage"],
    ],
    [
      "leaf with name constraints",
      { leaf: { extensions: [...LEAF, constraintsExtension([dnsName("example.com")])] } },
      ["leaf: strict.name-constraints"],
    ],
    ["leaf without extendedKeyUsage", changeLeaf("2.5.29.37"), ["leaf: strict.extended-key-usage"]],
    [
      "leaf for any purpose",
      changeLeaf("2.5.29.37", purposesExtension(["2.5.29.37.0"])),
      ["leaf: strict.extended-key-usage"],
    ],
    [
      "leaf with a critical extendedKeyUsage",
      changeLeaf("2.5.29.37", critical(purposesExtension([SERVER]), true)),
      ["leaf: strict.extended-key-usage"],
    ],
    [
      "critical names beside a subject",
      changeLeaf("2.5.29.17", namesExtension([dnsName(HOST)], true)),
      ["leaf: strict.alternative-names"],
    ],
    [
      "critical names without a subject",
      { leaf: { subject: EMPTY_NAME, ...changeLeaf("2.5.29.17", namesExtension([dnsName(HOST)], true)).leaf } },
      [],
    ],
    [
      "names that are not critical without a subject",
      { leaf: { subject: EMPTY_NAME } },
      ["leaf: strict.alternative-names"],
    ],
    [
      "a wildcard for a top-level domain",
      changeLeaf("2.5.29.17", namesExtension([dnsName(HOST), dnsName("*.com")])),
      ["leaf: strict.wildcard"],
    ],
    [
      "root without a name",
      { root: { subject: EMPTY_NAME, issuer: EMPTY_NAME }, leaf: { issuer: EMPTY_NAME } },
      [
        "leaf: strict.empty-name",
        "anchor with serial number 1: strict.empty-name",
        "anchor with serial number 1: strict.empty-name",
      ],
    ],
    ["serial number zero", { leaf: { serial: integer(0) } }, ["leaf: strict.serial-number"]],
    ["serial number of 20 bytes", { leaf: { serial: integer(2n ** 158n) } }, []],
    ["serial number of 21 bytes", { leaf: { serial: integer(2n ** 159n) } }, ["leaf: strict.serial-number"]],
    [
      "an anchor that another CA has signed with SHA-1",
      { root: { issuer: named("Older"), signer: keys.older, algorithm: ECDSA_SHA1, hash: "sha1" } },
      [
        "anchor CN=Root: strict.no-root",
        "anchor CN=Root: strict.authority-key-id",
        "anchor CN=Root: strict.signature-algorithm",
      ],
    ],
    ["a root that has signed itself with SHA-1", { root: { algorithm: ECDSA_SHA1, hash: "sha1" } }, []],
    ["a root that has signed itself with SHA-224", { root: { algorithm: ECDSA_SHA224, hash: "sha224" } }, []],
    ["a key on P-224", { leaf: { key: keys.p224 } }, ["leaf: strict.key-size"]],
    [
      "an RSA 1024 root",
      { root: { key: keys.rsa1024, algorithm: RSA_SHA256 }, leaf: { algorithm: RSA_SHA256 } },
      ["anchor CN=Root: strict.key-size"],
    ],
  ])("%s", (_, chain, expected) => {
    const { accepted, findings } = judge(chain);
    expect(accepted).toBe(true);
    expect(findings.map(({ target, code }) => `${target}: ${code}`)).toEqual(expected);
    expect(findings.every(({ severity }) => severity === "warning")).toBe(true);
  });

  it("a serving certificate that is its own anchor, signed with SHA-1, is one of those", () => {
    const own = writeCertificate({
      key: keys.leaf,
      issuer: named(HOST),
      subject: named(HOST),
      extensions: LEAF,
      algorithm: ECDSA_SHA1,
      hash: "sha1",
    });
    const chain = [certificateOf(own)];
    const at = new Date("2026-06-01T00:00:00Z");
    const { accepted, findings } = verifyChain({ chain, anchors: chain, hostname: HOST, at });
    expect(accepted).toBe(true);
    const found = findings.find(({ code }) => code === "strict.signature-algorithm");
    expect(found).toMatchObject({ target: "leaf", severity: "warning" });
    expect(found?.sentence).toBe(`CN=${HOST} is signed with ECDSA-SHA1; OpenSSL and browsers refuse that.`);
    expect(found?.hint).toBe("Have the certificate signed with ECDSA or RSA and SHA-256.");
  });

  it("names who minds", () => {
    expect(judge(changeLeaf("2.5.29.35")).findings[0]?.sentence).toContain("Python from 3.13 on");
    expect(judge(changeLeaf("2.5.29.37")).findings[0]?.sentence).toContain("macOS and iOS");
  });
});

describe("what the server sends", () => {
  const other = writeCertificate({ key: keys.p224, issuer: named("Other"), subject: named("Other"), extensions: ROOT });
  const own = writeCertificate({ key: keys.root, issuer: named("Root"), subject: named("Root"), extensions: ROOT });

  it.each<[string, readonly Buffer[], readonly string[]]>([
    ["the root too: superfluous, but in order", [own], []],
    ["a stranger", [other], ["intermediate 1: strict.served-order"]],
    [
      "a stranger before the issuer",
      [other, own],
      ["intermediate 1: strict.served-order", "intermediate 2: strict.served-order"],
    ],
  ])("%s", (_, others, expected) => {
    const { accepted, findings } = judge({ others });
    expect(accepted).toBe(true);
    expect(findings.map(({ target, code }) => `${target}: ${code}`)).toEqual(expected);
  });
});
