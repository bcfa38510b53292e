import { createPrivateKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { writeCertificate } from "../../../test/helpers/certificate-writing.ts";
import { certificateOf } from "../certificate.ts";
import { Secret } from "../secret.ts";
import { keyMatchesCertificate, readPrivateKey } from "./private-key.ts";

const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ed25519 = generateKeyPairSync("ed25519");
const PASSPHRASE = "correct horse";
const passphrase = Secret.of(PASSPHRASE);

function exported(key: KeyObject, type: "pkcs1" | "pkcs8" | "sec1", cipher?: string): string {
  const options = { type, format: "pem" as const, ...(cipher === undefined ? {} : { cipher, passphrase: PASSPHRASE }) };
  return String(key.export(options));
}

const spki = ec.publicKey.export({ type: "spki", format: "der" });
const certificate = certificateOf(writeCertificate({ key: { privateKey: ec.privateKey, spki } }));

describe("a private key is read", () => {
  it.each<[string, string, string, number]>([
    ["PKCS#8 ECDSA", exported(ec.privateKey, "pkcs8"), "ECDSA", 256],
    ["SEC1 ECDSA", exported(ec.privateKey, "sec1"), "ECDSA", 256],
    [
      "SEC1 after its parameters",
      `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${exported(ec.privateKey, "sec1")}`,
      "ECDSA",
      256,
    ],
    ["PKCS#8 RSA", exported(rsa.privateKey, "pkcs8"), "RSA", 2048],
    ["PKCS#1 RSA", exported(rsa.privateKey, "pkcs1"), "RSA", 2048],
    ["Ed25519", exported(ed25519.privateKey, "pkcs8"), "Ed25519", 256],
    [
      "with Windows line ends and a byte order mark",
      `\ufeff${exported(ec.privateKey, "pkcs8").replaceAll("\n", "\r\n")}`,
      "ECDSA",
      256,
    ],
    [
      "with attributes before it",
      `Bag Attributes\n    localKeyID: 01\nKey Attributes: <No Attributes>\n${exported(ec.privateKey, "pkcs8")}`,
      "ECDSA",
      256,
    ],
    ["beside a certificate", certificate.pem + exported(ec.privateKey, "pkcs8"), "ECDSA", 256],
    ["without a newline at the end", exported(ec.privateKey, "pkcs8").trimEnd(), "ECDSA", 256],
    ["in one long line", exported(ec.privateKey, "pkcs8").replaceAll(/([A-Za-z0-9+/=])\n(?!-)/g, "$1"), "ECDSA", 256],
  ])("%s", (_, pem, algorithm, bits) => {
    expect(readPrivateKey(pem, "tls.key")).toMatchObject({ algorithm, bits });
  });

  it.each([
    ["PKCS#8", exported(ec.privateKey, "pkcs8", "aes-256-cbc")],
    ["SEC1 with a Proc-Type header", exported(ec.privateKey, "sec1", "aes-256-cbc")],
    [
      "PKCS#1 with a Proc-Type header, Windows line ends",
      exported(rsa.privateKey, "pkcs1", "aes-128-cbc").replaceAll("\n", "\r\n"),
    ],
  ])("encrypted %s, with its passphrase", (_, pem) => {
    const key = readPrivateKey(pem, "tls.key", passphrase);
    expect(createPrivateKey(key.pem.reveal()).type).toBe("private");
  });

  it("and kept as plain PKCS#8 that nothing prints", () => {
    const key = readPrivateKey(exported(ec.privateKey, "sec1"), "tls.key");
    expect(key.pem.reveal()).toBe(exported(ec.privateKey, "pkcs8"));
    const body = key.pem.reveal().split("\n")[1] ?? "";
    expect(inspect(key, { depth: null, showHidden: true }) + JSON.stringify(key)).not.toContain(body);
  });
});

describe("a key belongs to a certificate", () => {
  it.each([
    ["whose key it is", exported(ec.privateKey, "sec1"), true],
    ["and not to another's", exported(rsa.privateKey, "pkcs8"), false],
  ])("%s", (_, pem, matches) => {
    expect(keyMatchesCertificate(readPrivateKey(pem, "tls.key"), certificate)).toBe(matches);
  });
});

describe("a key file is refused", () => {
  const encrypted = exported(ec.privateKey, "pkcs8", "aes-256-cbc");
  const damaged = exported(ec.privateKey, "pkcs8").replace(/\n.{20}/, "\nAAAAAAAAAAAAAAAAAAAA");
  it.each<[string, string | Uint8Array, Secret | undefined, string]>([
    ["without a key", certificate.pem, undefined, "input.not-pem"],
    ["empty", "", undefined, "input.file-empty"],
    [
      "with two keys",
      exported(ec.privateKey, "pkcs8") + exported(rsa.privateKey, "pkcs8"),
      undefined,
      "input.key-malformed",
    ],
    ["damaged", damaged, undefined, "input.key-malformed"],
    ["encrypted, without passphrase", encrypted, undefined, "input.key-passphrase"],
    ["encrypted, with another passphrase", encrypted, Secret.of("wrong"), "input.key-passphrase"],
    [
      "encrypted the old way, with another passphrase",
      exported(ec.privateKey, "sec1", "aes-256-cbc"),
      Secret.of("wrong"),
      "input.key-passphrase",
    ],
    [
      "encrypted the old way, without passphrase",
      exported(ec.privateKey, "sec1", "aes-256-cbc"),
      undefined,
      "input.key-passphrase",
    ],
    ["in DER", ec.privateKey.export({ type: "pkcs8", format: "der" }), undefined, "input.needs-conversion"],
  ])("%s", (_, content, secret, code) => {
    expect(() => readPrivateKey(content, "tls.key", secret)).toThrow(expect.objectContaining({ code }));
  });

  it("with nothing of the key or passphrase in the error", () => {
    const body = damaged.split("\n")[1] ?? "";
    for (const [pem, secret] of [
      [damaged, undefined],
      [encrypted, Secret.of("wrong horse")],
    ] as const) {
      try {
        readPrivateKey(pem, "tls.key", secret);
        expect.unreachable();
      } catch (error) {
        const printed = inspect(error, { depth: null, showHidden: true });
        expect(printed).not.toContain(body);
        expect(printed).not.toContain("horse");
      }
    }
  });
});
