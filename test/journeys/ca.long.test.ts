import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Ended, run, runFarrier } from "../helpers/run-farrier.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "farrier-ca-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const farrier = (...args: readonly string[]): Ended => runFarrier(directory, args);
const openssl = (...args: readonly string[]): Ended => run(directory, "openssl", args);
const read = (path: string): string => readFileSync(join(directory, path), "utf8");
const mode = (path: string): string => (statSync(join(directory, path)).mode & 0o777).toString(8);

function verify(root: string, certificate: string, hostname: string): string {
  const args = ["-x509_strict", "-purpose", "sslserver", "-verify_hostname", hostname];
  return openssl("verify", ...args, "-CAfile", root, "-untrusted", certificate, certificate).stdout;
}

describe("farrier ca create and farrier ca issue", () => {
  it("make a root and a certificate for every name given, which openssl accepts", () => {
    expect(farrier("ca", "create", "--out", "ca").code).toBe(0);
    const issued = farrier(
      "ca",
      "issue",
      "--ca",
      "ca",
      "--out",
      "t",
      "--hostname",
      "Rancher.example",
      "10.1.2.3",
      "--hostname",
      "*.b.example",
    );
    expect(issued).toMatchObject({ code: 0, stderr: "" });
    expect(verify("ca/root.crt", "t/tls.crt", "rancher.example")).toBe("t/tls.crt: OK\n");
    expect(verify("ca/root.crt", "t/tls.crt", "a.b.example")).toBe("t/tls.crt: OK\n");
    expect(openssl("verify", "-verify_ip", "10.1.2.3", "-CAfile", "ca/root.crt", "t/tls.crt").code).toBe(0);
    expect(read("ca/cacerts.pem")).toBe(read("ca/root.crt"));
  });

  it("say the next command as a shell takes it", () => {
    const { stdout } = farrier("ca", "create", "--out", "my ca");
    expect(stdout).toContain("Next: farrier ca issue --ca 'my ca' --out DIRECTORY --hostname NAME\n");
  });

  it("put the intermediate into the served chain, not into the trust bundle", () => {
    farrier("ca", "create", "--out", "ca", "--intermediate", "Issuing CA 1", "--common-name", "Example Root");
    farrier("ca", "issue", "--ca", "ca", "--out", "t", "--hostname", "rancher.example");
    expect(verify("ca/cacerts.pem", "t/tls.crt", "rancher.example")).toBe("t/tls.crt: OK\n");
    expect(read("t/tls.crt").match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(read("ca/cacerts.pem").match(/BEGIN CERTIFICATE/g)).toHaveLength(1);
    expect(openssl("x509", "-noout", "-issuer", "-in", "t/tls.crt").stdout).toMatch(/CN ?= ?Issuing CA 1/);
    expect(openssl("x509", "-noout", "-issuer", "-in", "ca/intermediate.crt").stdout).toMatch(/CN ?= ?Example Root/);
  });

  const algorithms: readonly [flag: readonly string[], says: RegExp][] = [
    [[], /ASN1 OID: prime256v1/],
    [["--algorithm", "rsa-2048"], /Public-Key: \(2048 bit\)/],
    [["--algorithm", "rsa-3072"], /Public-Key: \(3072 bit\)/],
  ];
  for (const [flag, says] of algorithms) {
    it(`make the kind of key that is asked for: ${flag.join(" ") || "nothing"}`, () => {
      farrier("ca", "create", "--out", "ca", ...flag);
      farrier("ca", "issue", "--ca", "ca", "--out", "t", "--hostname", "rancher.example", ...flag);
      expect(openssl("x509", "-noout", "-text", "-in", "ca/root.crt").stdout).toMatch(says);
      expect(openssl("x509", "-noout", "-text", "-in", "t/tls.crt").stdout).toMatch(says);
      expect(verify("ca/root.crt", "t/tls.crt", "rancher.example")).toBe("t/tls.crt: OK\n");
    });
  }

  it("keep keys for their owner alone, and leave nothing else behind", () => {
    farrier("ca", "create", "--out", "ca", "--intermediate");
    farrier("ca", "issue", "--ca", "ca", "--out", "ca/t", "--hostname", "rancher.example");
    expect([mode("ca/root.key"), mode("ca/intermediate.key"), mode("ca/t/tls.key")]).toEqual(["600", "600", "600"]);
    expect(mode("ca/t/tls.crt")).toBe("644");
    expect(readdirSync(join(directory, "ca")).sort()).toEqual([
      "cacerts.pem",
      "intermediate.crt",
      "intermediate.key",
      "root.crt",
      "root.key",
      "t",
    ]);
    expect(readdirSync(join(directory, "ca/t")).sort()).toEqual(["tls.crt", "tls.key"]);
  });

  it("say what they wrote as one JSON object", () => {
    const created = farrier("ca", "create", "--out", "ca", "--days", "10", "-o", "json");
    const result = JSON.parse(created.stdout);
    expect(result.files).toEqual(["ca/root.key", "ca/root.crt", "ca/cacerts.pem"]);
    const days = (Date.parse(result.notAfter) - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(9.9);
    expect(days).toBeLessThanOrEqual(10);
  });

  it("say that the authority ends before the days that were asked for", () => {
    farrier("ca", "create", "--out", "ca", "--days", "10");
    const flags = ["ca", "issue", "--ca", "ca", "--hostname", "rancher.example"];
    const longer = farrier(...flags, "--out", "longer", "--days", "20");
    expect(longer.stdout).toMatch(/^Valid until \S+, when its authority expires: 20 days would be longer\.$/m);
    expect(farrier(...flags, "--out", "shorter", "--days", "5").stdout).toMatch(/^Valid until \S+\.$/m);
    expect(JSON.parse(farrier(...flags, "--out", "o", "--days", "20", "-o", "json").stdout).endsWithAuthority).toBe(
      true,
    );
  });

  it("never print a key", () => {
    const said = farrier("ca", "create", "--out", "ca", "-o", "json");
    const issued = farrier("ca", "issue", "--ca", "ca", "--out", "t", "--hostname", "rancher.example");
    for (const key of [read("ca/root.key"), read("t/tls.key")]) {
      const line = key.split("\n")[1] ?? "";
      expect(line).toHaveLength(64);
      expect(`${said.stdout}${said.stderr}${issued.stdout}${issued.stderr}`).not.toContain(line);
    }
  });
});

describe("what is there already", () => {
  it("is not overwritten", () => {
    farrier("ca", "create", "--out", "ca");
    const key = read("ca/root.key");
    const again = farrier("ca", "create", "--out", "ca");
    expect(again.code).toBe(2);
    expect(again.stderr).toContain("ca already holds root.crt, root.key, cacerts.pem.");
    expect(again.stderr).toContain("--force");
    expect(read("ca/root.key")).toBe(key);
  });

  it("is not overwritten even when only one of the files is there", () => {
    farrier("ca", "create", "--out", "ca");
    mkdirSync(join(directory, "t"));
    writeFileSync(join(directory, "t/tls.key"), "mine");
    expect(farrier("ca", "issue", "--ca", "ca", "--out", "t", "--hostname", "a").code).toBe(2);
    expect(readdirSync(join(directory, "t"))).toEqual(["tls.key"]);
    expect(read("t/tls.key")).toBe("mine");
  });

  it("is replaced as a whole with --force, an intermediate of the old authority included", () => {
    farrier("ca", "create", "--out", "ca", "--intermediate");
    const key = read("ca/root.key");
    expect(farrier("ca", "create", "--out", "ca", "--force").code).toBe(0);
    expect(read("ca/root.key")).not.toBe(key);
    expect(readdirSync(join(directory, "ca")).sort()).toEqual(["cacerts.pem", "root.crt", "root.key"]);
    expect(farrier("ca", "issue", "--ca", "ca", "--out", "t", "--hostname", "a.example").code).toBe(0);
    expect(verify("ca/root.crt", "t/tls.crt", "a.example")).toBe("t/tls.crt: OK\n");
  });
});

describe("bad input ends with exit code 2, a sentence and a hint, and writes nothing", () => {
  let prepared = "";
  beforeAll(() => {
    prepared = mkdtempSync(join(tmpdir(), "farrier-ca-"));
    runFarrier(prepared, ["ca", "create", "--out", "ca"]);
    runFarrier(prepared, ["ca", "create", "--out", "mixed"]);
    writeFileSync(join(prepared, "mixed/root.key"), readFileSync(join(prepared, "ca/root.key")));
    mkdirSync(join(prepared, "garbage"));
    writeFileSync(join(prepared, "garbage/root.crt"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    writeFileSync(join(prepared, "garbage/root.key"), "nothing");
  });
  afterAll(() => rmSync(prepared, { recursive: true, force: true }));

  const rows: readonly { readonly name: string; readonly args: readonly string[]; readonly says: string }[] = [
    { name: "a URL as hostname", args: ["--hostname", "https://a.example"], says: "neither a DNS name nor an IP" },
    { name: "half an address", args: ["--hostname", "10.1.2"], says: "neither a DNS name nor an IP" },
    { name: "a wildcard inside", args: ["--hostname", "a.*.example"], says: "neither a DNS name nor an IP" },
    { name: "an empty hostname", args: ["--hostname", ""], says: "neither a DNS name nor an IP" },
    { name: "no hostname", args: [], says: "--hostname" },
    { name: "no days", args: ["--hostname", "a", "--days", "0"], says: "--days" },
    { name: "days in words", args: ["--hostname", "a", "--days", "many"], says: "--days" },
    { name: "an unknown algorithm", args: ["--hostname", "a", "--algorithm", "dsa"], says: "--algorithm" },
    { name: "an unknown format", args: ["--hostname", "a", "-o", "xml"], says: "xml" },
    {
      name: "no such authority",
      args: ["--hostname", "a", "--ca", "nowhere"],
      says: "nowhere/root.crt does not exist",
    },
    { name: "keys that do not belong together", args: ["--hostname", "a", "--ca", "mixed"], says: "mixed/root.key" },
    { name: "an authority of garbage", args: ["--hostname", "a", "--ca", "garbage"], says: "garbage/root.crt" },
    { name: "a file in the way", args: ["--hostname", "a", "--out", "ca/root.crt/t"], says: "cannot be written" },
  ];
  for (const { name, args, says } of rows) {
    it(name, () => {
      cpSync(prepared, directory, { recursive: true });
      const before = readdirSync(directory, { recursive: true });
      const ended = farrier("ca", "issue", "--ca", "ca", "--out", "t", ...args);
      expect(ended.code).toBe(2);
      expect(ended.stderr).toContain(says);
      expect(ended.stderr).not.toMatch(/\n\s+at /);
      expect(readdirSync(directory, { recursive: true })).toEqual(before);
    });
  }
});
