import { describe, expect, it } from "vitest";
import {
  authorityExtension,
  dnsName,
  ecKey,
  keyUsageExtension,
  named,
  namesExtension,
  purposesExtension,
  type WrittenCertificate,
  writeCertificate,
} from "../../test/helpers/certificate-writing.ts";
import { der, integer, octets, sequence } from "../../test/helpers/der-writing.ts";
import { pemText } from "./certificate.ts";
import { judgeTarget, type Target } from "./judge-target.ts";
import { Secret } from "./secret.ts";

const keys = { root: ecKey(), leaf: ecKey(), other: ecKey() };
const keyId = { oid: "2.5.29.14", value: octets(Buffer.of(1)) };
const issuerId = { oid: "2.5.29.35", value: sequence(der(0x80, Buffer.of(1))) };
const rootDer = (name = "Root", key = keys.root) =>
  writeCertificate({
    key,
    issuer: named(name),
    subject: named(name),
    extensions: [authorityExtension(), keyUsageExtension([5, 6]), keyId],
  });
const leafExtensions = (host: string) => [
  keyUsageExtension([0]),
  purposesExtension(["1.3.6.1.5.5.7.3.1"]),
  issuerId,
  namesExtension([dnsName(host)]),
];
const leafDer = (fields: Partial<WrittenCertificate> = {}) =>
  writeCertificate({
    key: keys.leaf,
    signer: keys.root,
    issuer: named("Root"),
    subject: named("rancher"),
    extensions: leafExtensions("rancher.example.com"),
    ...fields,
  });
const pem = (bytes: Uint8Array) => pemText("CERTIFICATE", bytes);
const leaf = pem(leafDer());
const root = pem(rootDer());
const other = pem(rootDer("Other", keys.other));
const keyPem = (key = keys.leaf) => String(key.privateKey.export({ type: "pkcs8", format: "pem" }));

const judge = (target: Partial<Target>) =>
  judgeTarget({
    certPem: leaf,
    caPem: root,
    hostname: "rancher.example.com",
    at: new Date("2026-06-01T00:00:00Z"),
    ...target,
  });
const codes = (target: Partial<Target>) => judge(target).findings.map(({ severity, code }) => `${severity} ${code}`);

describe("the files of a target", () => {
  it("that fit are accepted without a word", () => {
    const found = judge({ keyPem: keyPem() });
    expect(found).toMatchObject({ accepted: true, findings: [] });
    expect(found.path.map(({ subject }) => subject)).toEqual(["CN=rancher", "CN=Root"]);
  });

  it.each<[string, Partial<Target>, boolean, readonly string[]]>([
    ["a bundle of both", { caPem: other + root }, true, []],
    ["a bundle that lacks the root", { caPem: other }, false, ["error chain.unknown-authority"]],
    ["another host", { hostname: "other.example.com" }, false, ["error chain.hostname"]],
    [
      "another time",
      { at: new Date("2031-01-01T00:00:00Z") },
      false,
      ["error chain.expired", "error chain.expired", "error chain.unknown-authority"],
    ],
    ["another's key", { keyPem: keyPem(keys.other) }, false, ["error key.mismatch"]],
    [
      "the root before the leaf, with the leaf's key",
      { certPem: root + leaf, keyPem: keyPem() },
      false,
      [
        "error key.mismatch",
        "error chain.no-alternative-names",
        "warning strict.served-order",
        "warning strict.extended-key-usage",
      ],
    ],
    [
      "a leaf that Go cannot parse",
      { certPem: pem(leafDer({ serial: integer(-1) })) },
      false,
      ["error encoding.malformed"],
    ],
    [
      "such a leaf before a certificate that is no leaf",
      { certPem: pem(leafDer({ serial: integer(-1) })) + root },
      false,
      ["error encoding.malformed"],
    ],
    [
      "something beside the leaf that Go cannot parse",
      { certPem: leaf + pem(leafDer({ serial: integer(-1) })) },
      false,
      ["error encoding.malformed"],
    ],
    [
      "a member of the bundle that Go drops, beside the root",
      { caPem: root + pem(leafDer({ serial: integer(-1) })) },
      true,
      ["warning bundle.certificate-dropped"],
    ],
    [
      "a root that Go drops",
      { caPem: pem(Buffer.concat([rootDer(), Buffer.of(0)])) },
      false,
      ["error chain.unknown-authority", "warning bundle.first-unreadable", "warning bundle.certificate-dropped"],
    ],
    [
      "a byte order mark that hides the root",
      { caPem: `\ufeff${root}` },
      false,
      ["error chain.unknown-authority", "warning bundle.byte-order-mark", "warning bundle.certificate-dropped"],
    ],
    [
      "a byte order mark that hides another",
      { caPem: `\ufeff${other}${root}` },
      true,
      ["warning bundle.byte-order-mark", "warning bundle.certificate-dropped"],
    ],
    ["the root twice", { caPem: root + root }, true, ["info bundle.duplicate"]],
    [
      "only what others mind",
      { certPem: pem(leafDer({ serial: integer(0) })) },
      true,
      ["warning strict.serial-number"],
    ],
  ])("%s", (_, target, accepted, expected) => {
    expect(codes(target)).toEqual(expected);
    expect(judge(target).accepted).toBe(accepted);
  });

  it.each<[string, string, string, boolean]>([
    ["in its own letters", "xn--bcher-kva.example.com", "bücher.example.com", true],
    ["in capitals of its own letters", "xn--bcher-kva.example.com", "BÜCHER.example.com", true],
    ["in the letters of a request", "xn--bcher-kva.example.com", "xn--bcher-kva.example.com", true],
    ["another in other letters", "xn--bcher-kva.example.com", "bocher.example.com", false],
    ["that no request can hold", "xn--bcher-kva.example.com", "bü cher.example.com", false],
  ])("are for a host %s", (_, name, hostname, accepted) => {
    const certPem = pem(leafDer({ extensions: leafExtensions(name) }));
    expect(judge({ certPem, hostname }).accepted).toBe(accepted);
    expect(codes({ certPem, hostname })).toEqual(accepted ? [] : ["error chain.hostname"]);
  });

  it("say whose key it is when the order is wrong", () => {
    expect(judge({ certPem: root + leaf, keyPem: keyPem() }).findings[0]?.sentence).toBe(
      "The private key in tls.key belongs to certificate 2 of the file; the serving certificate must come first.",
    );
  });

  it("say that it is nobody's otherwise", () => {
    expect(judge({ keyPem: keyPem(keys.other) }).findings[0]?.sentence).toBe(
      "The private key in tls.key does not belong to the serving certificate.",
    );
  });

  it("are called by the names that they have", () => {
    const { findings } = judge({ keyPem: keyPem(keys.other), labels: { key: "new.key" } });
    expect(findings[0]?.sentence).toContain("new.key");
  });

  it("may have an encrypted key", () => {
    const encrypted = String(
      keys.leaf.privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "x" }),
    );
    expect(codes({ keyPem: encrypted, passphrase: Secret.of("x") })).toEqual([]);
    expect(() => judge({ keyPem: encrypted })).toThrow(expect.objectContaining({ code: "input.key-passphrase" }));
  });
});
