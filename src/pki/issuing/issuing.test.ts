import { spawnSync } from "node:child_process";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createIntermediate, createRoot, loadAuthority } from "./authority.ts";
import { issueCertificate, randomSerialNumber } from "./certificate.ts";
import { basicConstraints, isIpAddress, subjectAltName } from "./extensions.ts";
import { generateKey, KEY_ALGORITHMS } from "./keys.ts";
import { issueServing } from "./serving.ts";

const NOW = new Date("2026-03-01T12:00:00.900Z");
const HOSTNAMES = ["rancher.example.com", "*.internal.example.com", "192.0.2.7", "2001:db8::7"];

let directory = "";
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "farrier-issuing-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function openssl(...args: readonly string[]): string {
  const result = spawnSync("openssl", args, { cwd: directory, encoding: "utf8" });
  return `${result.stdout}${result.stderr}`;
}

function write(name: string, content: string): string {
  writeFileSync(join(directory, name), content);
  return name;
}

describe("a chain of root, intermediate and serving certificate", () => {
  for (const algorithm of KEY_ALGORITHMS) {
    it(`is accepted by openssl verify (${algorithm})`, async () => {
      const root = await createRoot({ commonName: "Example Root", organization: "Example, Inc.", now: NOW, algorithm });
      const intermediate = await createIntermediate(root, { commonName: "Example Issuing", now: NOW, algorithm });
      const leaf = await issueServing(intermediate, { hostnames: HOSTNAMES, now: NOW, algorithm });
      const args = ["verify", "-x509_strict", "-purpose", "sslserver", "-attime", String((NOW.getTime() / 1000) | 0)];
      const files = [
        "-CAfile",
        write("root.pem", root.certificatePem),
        "-untrusted",
        write("ca.pem", intermediate.certificatePem),
      ];
      write("leaf.pem", leaf.certificatePem);
      for (const name of ["rancher.example.com", "a.internal.example.com"]) {
        expect(openssl(...args, ...files, "-verify_hostname", name, "leaf.pem")).toBe("leaf.pem: OK\n");
      }
      for (const address of ["192.0.2.7", "2001:db8::7"]) {
        expect(openssl(...args, ...files, "-verify_ip", address, "leaf.pem")).toBe("leaf.pem: OK\n");
      }
      expect(openssl(...args, ...files, "-verify_hostname", "example.org", "leaf.pem")).toContain("hostname mismatch");
    });
  }

  it("has critical basic constraints and key usage, serverAuth, key identifiers and all names", async () => {
    const root = await createRoot({ commonName: "Root", now: NOW });
    const leaf = await issueServing(root, { hostnames: HOSTNAMES, now: NOW });
    const text = openssl("x509", "-noout", "-text", "-in", write("text.pem", leaf.certificatePem));
    expect(text).toMatch(/Basic Constraints: critical\s+CA:FALSE/);
    expect(text).toMatch(/Key Usage: critical\s+Digital Signature\n/);
    expect(text).toMatch(/Extended Key Usage: \s+TLS Web Server Authentication/);
    expect(text).toContain(
      "DNS:rancher.example.com, DNS:*.internal.example.com, IP Address:192.0.2.7, IP Address:2001:DB8:0:0:0:0:0:7",
    );
    const rootText = openssl("x509", "-noout", "-text", "-in", write("roottext.pem", root.certificatePem));
    expect(rootText).toMatch(/Basic Constraints: critical\s+CA:TRUE\n/);
    expect(rootText).toMatch(/Key Usage: critical\s+Certificate Sign, CRL Sign/);
    const rootId = /Subject Key Identifier: \s+([0-9A-F:]+)/.exec(rootText)?.[1];
    expect(/Authority Key Identifier: \s+([0-9A-F:]+)/.exec(text)?.[1]).toBe(rootId);
  });
});

describe("the life of a certificate", () => {
  it("starts one hour before now, in whole seconds", async () => {
    const root = await createRoot({ commonName: "Root", now: NOW });
    expect(new X509Certificate(root.certificatePem).validFromDate).toEqual(new Date("2026-03-01T11:00:00Z"));
  });

  it("ends after the days given", async () => {
    const root = await createRoot({ commonName: "Root", now: NOW, days: 10 });
    expect(new X509Certificate(root.certificatePem).validToDate).toEqual(new Date("2026-03-11T12:00:00Z"));
  });

  it("is cut to the issuer's unless an end is given", async () => {
    const root = await createRoot({ commonName: "Root", now: NOW, days: 10 });
    const cut = await issueServing(root, { hostnames: ["a"], now: NOW, days: 20 });
    const given = await issueServing(root, { hostnames: ["a"], now: NOW, notAfter: new Date("2031-01-01T00:00:00Z") });
    expect(new X509Certificate(cut.certificatePem).validToDate).toEqual(new Date("2026-03-11T12:00:00Z"));
    expect(new X509Certificate(given.certificatePem).validToDate).toEqual(new Date("2031-01-01T00:00:00Z"));
  });
});

describe("keys and serial numbers", () => {
  it("are positive, at most 20 octets, without a leading zero, and differ", () => {
    const serials = Array.from({ length: 200 }, randomSerialNumber);
    expect(new Set(serials).size).toBe(200);
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9a-f]{31}$/);
  });

  it("are PKCS#8 and belong to the certificate", async () => {
    const root = await createRoot({ commonName: "Root", now: NOW });
    expect(root.keyPem).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(new X509Certificate(root.certificatePem).checkPrivateKey(createPrivateKey(root.keyPem))).toBe(true);
  });
});

describe("an authority that already exists", () => {
  const curves = ["prime256v1", "secp384r1", "secp521r1"];
  for (const curve of curves) {
    it(`made by openssl on ${curve} issues certificates that openssl accepts`, async () => {
      openssl(
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        `ec_paramgen_curve:${curve}`,
        "-nodes",
        "-keyout",
        "k.pem",
        "-out",
        "c.pem",
        "-subj",
        '/C=DE/O=Ünïted, "Inc"/CN=Root',
        "-utf8",
        "-days",
        "30",
      );
      const read = (name: string) => openssl(name === "k.pem" ? "pkey" : "x509", "-in", name);
      const authority = await loadAuthority(read("c.pem"), read("k.pem"));
      const leaf = await issueServing(authority, { hostnames: ["a.example"], now: new Date() });
      write("l.pem", leaf.certificatePem);
      expect(openssl("verify", "-CAfile", "c.pem", "l.pem")).toBe("l.pem: OK\n");
    });
  }

  it("is refused with another's key", async () => {
    const [one, two] = [
      await createRoot({ commonName: "One", now: NOW }),
      await createRoot({ commonName: "Two", now: NOW }),
    ];
    await expect(loadAuthority(one.certificatePem, two.keyPem)).rejects.toThrow(RangeError);
  });
});

describe("low-level issuing", () => {
  it("writes what it is told, in the order given, however wrong it is", async () => {
    const key = await generateKey("ecdsa-p256");
    const { certificatePem } = await issueCertificate({
      subject: [
        ["C", "FR"],
        ["CN", "odd"],
      ],
      issuer: [["CN", "nobody"]],
      publicKey: key.publicKey,
      signingKey: key.privateKey,
      notBefore: new Date("2031-01-01T00:00:00Z"),
      notAfter: new Date("2030-01-01T00:00:00Z"),
      serialNumber: "0abc",
      hash: "SHA-1",
      extensions: [
        { oid: "1.2.3.4", critical: true, value: Uint8Array.of(0x05, 0x00) },
        subjectAltName(["x.example"]),
        basicConstraints(false, 3),
        subjectAltName(["x.example"]),
      ],
    });
    const text = openssl("x509", "-noout", "-text", "-in", write("odd.pem", certificatePem));
    expect(text).toContain("Serial Number: 2748 (0xabc)");
    expect(text).toContain("Signature Algorithm: ecdsa-with-SHA1");
    expect(text).toMatch(/Issuer: CN ?= ?nobody/);
    expect(text).toMatch(/Subject: C ?= ?FR, CN ?= ?odd/);
    expect(text).toMatch(
      /1\.2\.3\.4: critical[\s\S]*Alternative Name[\s\S]*CA:FALSE, pathlen:3[\s\S]*Alternative Name/,
    );
  });
});

describe("what an authority is called is in its certificate letter by letter", () => {
  for (const name of [
    'Example "Internal" Root',
    '"Root"',
    "a\\0ab",
    "#0c0141",
    "Root + CN=evil, O=other; <x>",
    " blanks ",
    "Zürich 北京",
    "O'Neill",
  ]) {
    it(name, async () => {
      const root = await createRoot({ commonName: name, organization: `${name} Ltd`, now: NOW });
      const shown = openssl(
        "x509",
        "-noout",
        "-subject",
        "-nameopt",
        "multiline,-esc_msb,utf8",
        "-in",
        write("n.pem", root.certificatePem),
      );
      // openssl doubles a backslash, so that one before a hexadecimal number is told apart from an octet.
      const said = name.replaceAll("\\", "\\\\");
      expect(shown).toContain(`organizationName          = ${said} Ltd\n`);
      expect(shown).toContain(`commonName                = ${said}\n`);
      const { certificatePem } = await createIntermediate(root, { commonName: name, now: NOW });
      expect(openssl("verify", "-CAfile", "n.pem", write("i.pem", certificatePem))).toBe("i.pem: OK\n");
    });
  }
});

describe("a name is an address", () => {
  const rows: readonly [name: string, expected: boolean][] = [
    ["192.0.2.1", true],
    ["::1", true],
    ["2001:db8::1", true],
    ["rancher.example.com", false],
    ["1.2.3.4.example", false],
    ["localhost", false],
  ];
  for (const [name, expected] of rows) {
    it(`${name}: ${expected}`, () => expect(isIpAddress(name)).toBe(expected));
  }
});
