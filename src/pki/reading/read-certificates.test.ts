import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { authorityExtension, ecKey, named, writeCertificate } from "../../../test/helpers/certificate-writing.ts";
import { integer, nothing } from "../../../test/helpers/der-writing.ts";
import { FarrierError } from "../../errors.ts";
import { pemText } from "../certificate.ts";
import { readCertificates } from "./read-certificates.ts";

const key = ecKey();
const write = (name: string) => writeCertificate({ key, issuer: named(name), subject: named(name) });
const A = write("A");
const B = write("B");
const a = pemText("CERTIFICATE", A);
const b = pemText("CERTIFICATE", B);
const broken = pemText("CERTIFICATE", writeCertificate({ key, serial: integer(-1) }));
const subjects = (content: string | Uint8Array) =>
  readCertificates(content, "tls.crt").certificates.map(({ subject }) => subject);

describe("certificates are found", () => {
  it.each<[string, string | Uint8Array]>([
    ["one after the other", a + b],
    ["with Windows line ends", (a + b).replaceAll("\n", "\r\n")],
    ["with old Mac line ends", (a + b).replaceAll("\n", "\r")],
    ["after a byte order mark", `\ufeff${a}${b}`],
    ["as bytes", Buffer.from(a + b)],
    ["without a newline at the end", (a + b).trimEnd()],
    ["with blank lines between", `\n\n${a}\n\n${b}\n`],
    ["glued together", a.trimEnd() + b.trimEnd()],
    [
      "with openssl's attributes",
      `Bag Attributes\n    friendlyName: x\nsubject=CN = A\n${a}Key Attributes: <No Attributes>\n${b}`,
    ],
    ["with comments, also with umlauts", `# für A\n${a}# for B - soon\n${b}`],
    ["indented, as in YAML", (a + b).replaceAll(/^/gm, "    ")],
    ["with trailing spaces", (a + b).replaceAll("\n", "  \n")],
    ["in one long line", (a + b).replaceAll(/([A-Za-z0-9+/=])\n(?!-)/g, "$1")],
    ["beside a private key", `-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n${a}${b}`],
    ["under their old name", (a + b).replaceAll("CERTIFICATE", "X509 CERTIFICATE")],
  ])("%s", (_, content) => {
    expect(subjects(content)).toEqual(["CN=A", "CN=B"]);
  });

  it("in the file's order, duplicates kept", () => {
    expect(subjects(b + a + b)).toEqual(["CN=B", "CN=A", "CN=B"]);
  });

  it("and what agents would not see as it is written is said", () => {
    expect(readCertificates(a + b, "tls.crt").findings).toEqual([]);
    expect(readCertificates(a.trimEnd() + b, "tls.crt").findings).toMatchObject([
      { code: "input.repaired", severity: "info", sentence: expect.stringContaining("see 0 of its 2 certificates") },
    ]);
  });
});

describe("certificates that cannot be used are named", () => {
  it("by place, reason and byte", () => {
    const read = readCertificates(a + broken + b, "tls.crt");
    expect(read.certificates.map(({ subject }) => subject)).toEqual(["CN=A", "CN=B"]);
    expect(read.findings).toMatchObject([
      {
        code: "encoding.malformed",
        severity: "error",
        target: "certificate 2 of tls.crt",
        sentence: expect.stringMatching(/serial number is negative \(byte \d+\)/),
      },
    ]);
  });

  it.each([
    ["not base64", "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n", "not base64"],
    ["data after the certificate", pemText("CERTIFICATE", Buffer.concat([A, nothing()])), "data after the certificate"],
    ["an empty block", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", "the data ends"],
  ])("%s", (_, content, reason) => {
    expect(readCertificates(content, "x").findings).toMatchObject([
      { code: "encoding.malformed", sentence: expect.stringContaining(reason) },
    ]);
  });

  it("and so is a file that is cut off after the first", () => {
    const read = readCertificates(a + b.slice(0, 100), "x");
    expect(read.certificates).toHaveLength(1);
    expect(read.findings).toMatchObject([
      { severity: "warning", sentence: expect.stringContaining("2 BEGIN lines but only 1 whole blocks") },
    ]);
  });

  it("and so is an encoding that only others refuse", () => {
    const tail = writeCertificate({ key, extensions: [authorityExtension()], tail: nothing() });
    expect(readCertificates(pemText("CERTIFICATE", tail), "x")).toMatchObject({
      certificates: [{ subject: "CN=subject" }],
      findings: [
        {
          code: "encoding.not-der",
          severity: "warning",
          sentence: expect.stringContaining("where the certificate should end"),
        },
      ],
    });
  });
});

describe("a file without a certificate is refused", () => {
  it.each<[string, string | Uint8Array, string, string]>([
    ["an empty file", "", "input.file-empty", "is empty"],
    ["white space", " \n\t\r\n", "input.file-empty", "is empty"],
    ["text", "hello\n", "input.not-pem", "holds no PEM certificate"],
    ["random bytes", Buffer.from([1, 2, 3, 255, 0]), "input.not-pem", "holds no PEM certificate"],
    ["text that starts with a zero", "0123", "input.not-pem", "holds no PEM certificate"],
    [
      "a private key",
      "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----",
      "input.not-pem",
      "only EC PRIVATE KEY",
    ],
    ["half a certificate", a.slice(0, 200), "input.not-pem", "cut off"],
    ["a certificate in DER", A, "input.needs-conversion", "a certificate in DER"],
    ["base64 alone", A.toString("base64"), "input.needs-conversion", "base64 without BEGIN"],
    ["UTF-16, as PowerShell writes it", Buffer.from(`\ufeff${a}`, "utf16le"), "input.needs-conversion", "UTF-16"],
    ["a Java keystore", Buffer.from("feedfeed00000002", "hex"), "input.needs-conversion", "Java keystore"],
    [
      "an OpenSSL trusted certificate",
      a.replaceAll("CERTIFICATE", "TRUSTED CERTIFICATE"),
      "input.needs-conversion",
      "trusted certificate",
    ],
  ])("%s", (_, content, code, words) => {
    expect(() => readCertificates(content, "tls.crt")).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(words) }),
    );
  });
});

describe("the command that converts a file", () => {
  let directory = "";
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "farrier formats "));
    writeFileSync(join(directory, "a.pem"), a);
    writeFileSync(join(directory, "a.key"), key.privateKey.export({ type: "pkcs8", format: "pem" }));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: directory, stdio: "pipe" });

  function hintFor(content: Uint8Array): string {
    writeFileSync(join(directory, "it's odd.bin"), content);
    try {
      readCertificates(content, "it's odd.bin");
    } catch (error) {
      return error instanceof FarrierError ? error.hint.replace("Convert it: ", "") : "";
    }
    return "";
  }

  it.each<[string, () => Uint8Array]>([
    ["DER", () => A],
    ["PKCS#7 in PEM", () => openssl("crl2pkcs7", "-nocrl", "-certfile", "a.pem")],
    ["PKCS#7 in DER", () => openssl("crl2pkcs7", "-nocrl", "-certfile", "a.pem", "-outform", "der")],
    ["base64", () => Buffer.from(A.toString("base64"))],
    ["UTF-16", () => Buffer.from(`\ufeff${a}`, "utf16le")],
  ])("works for %s, whatever the file is called", (_, make) => {
    execFileSync("sh", ["-c", hintFor(make())], { cwd: directory, stdio: "pipe" });
    const converted = execFileSync("cat", ["it's odd.bin.pem"], { cwd: directory });
    expect(subjects(converted)).toEqual(["CN=A"]);
  });

  it("is openssl pkcs12 for PKCS#12, which asks for its password itself", () => {
    const bytes = openssl("pkcs12", "-export", "-in", "a.pem", "-inkey", "a.key", "-passout", "pass:x");
    expect(hintFor(bytes)).toContain("openssl pkcs12 -in ");
  });

  it("is openssl pkey for a key in DER", () => {
    expect(hintFor(key.privateKey.export({ type: "pkcs8", format: "der" }))).toContain("openssl pkey -inform der -in ");
  });
});
