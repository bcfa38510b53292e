import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createIntermediate, createRoot } from "../../src/pki/issuing/authority.ts";
import { issueCertificate } from "../../src/pki/issuing/certificate.ts";
import { basicConstraints, extendedKeyUsage, PURPOSE, subjectAltName } from "../../src/pki/issuing/extensions.ts";
import { issueServing } from "../../src/pki/issuing/serving.ts";
import { type Ended, run, runFarrier } from "../helpers/run-farrier.ts";

const HOST = "rancher.example.com";
const PASSPHRASE = "correct horse battery staple";
const ISSUED = new Date("2026-03-01T12:00:00Z");
const AT = "2026-04-01T00:00:00Z";

let directory = "";
let before: readonly string[] = [];
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "farrier-check-"));
  await writeSound();
  await writeUnsound();
  writeOtherFormats();
  before = readdirSync(directory);
});
afterAll(() => {
  expect(readdirSync(directory)).toEqual(before);
  rmSync(directory, { recursive: true, force: true });
});

const put = (name: string, content: string | Uint8Array): void => writeFileSync(join(directory, name), content);
const openssl = (...args: readonly string[]): Ended => run(directory, "openssl", args);

async function writeSound(): Promise<void> {
  const root = await createRoot({ commonName: "Example Root", now: ISSUED });
  const issuing = await createIntermediate(root, { commonName: "Example Issuing", now: ISSUED });
  const leaf = await issueServing(issuing, { hostnames: [HOST, "*.wild.example.com", "192.0.2.7"], now: ISSUED });
  put("tls.crt", leaf.certificatePem + issuing.certificatePem);
  put("leaf-only.crt", leaf.certificatePem);
  put("out-of-order.crt", leaf.certificatePem + root.certificatePem + issuing.certificatePem);
  put("tls.key", leaf.keyPem);
  put("cacerts.pem", root.certificatePem);
  put("issuing.pem", issuing.certificatePem);
  put("crlf.pem", `# our root\r\n${root.certificatePem.replaceAll("\n", "\r\n")}\r\n`);
  put("with-garbage.pem", withOctetAfterTheEnd(root.certificateDer));
  put("cut-off.crt", leaf.certificatePem.slice(0, 200));
  put("leaf.der", leaf.certificateDer);
}

async function writeUnsound(): Promise<void> {
  const root = await createRoot({ commonName: "Other Root", now: ISSUED });
  const leaf = await issueServing(root, { hostnames: [HOST], now: ISSUED });
  put("other-root.pem", root.certificatePem);
  put("other.key", leaf.keyPem);
  const shared = {
    subject: [["CN", HOST]] as const,
    issuer: root.subject,
    publicKey: leaf.key.publicKey,
    signingKey: root.key.privateKey,
    notBefore: ISSUED,
    notAfter: new Date("2027-03-01T00:00:00Z"),
  };
  const san = subjectAltName([HOST]);
  const serverAuth = extendedKeyUsage([PURPOSE.serverAuth]);
  put("sha1.crt", (await issueCertificate({ ...shared, extensions: [san, serverAuth], hash: "SHA-1" })).certificatePem);
  put("name-only.crt", (await issueCertificate({ ...shared, extensions: [serverAuth] })).certificatePem);
  const clientAuth = extendedKeyUsage([PURPOSE.clientAuth]);
  put("client.crt", (await issueCertificate({ ...shared, extensions: [san, clientAuth] })).certificatePem);
  const critical = { oid: "1.3.6.1.4.1.99999.1", critical: true, value: Uint8Array.of(5, 0) };
  put("critical.crt", (await issueCertificate({ ...shared, extensions: [san, critical] })).certificatePem);
  const noCa = await issueCertificate({ ...shared, subject: [["CN", "No CA"]], extensions: [basicConstraints(false)] });
  const below = { ...shared, issuer: noCa.subject, signingKey: leaf.key.privateKey, extensions: [san, serverAuth] };
  put("under-no-ca.crt", (await issueCertificate(below)).certificatePem + noCa.certificatePem);
}

function writeOtherFormats(): void {
  put("pass", `${PASSPHRASE}\n`);
  put("wrong-pass", "wrong\n");
  openssl("pkcs8", "-topk8", "-in", "tls.key", "-out", "encrypted.key", "-passout", "file:pass");
  openssl("ec", "-in", "tls.key", "-out", "sec1.key");
  openssl("ec", "-in", "tls.key", "-aes256", "-passout", "file:pass", "-out", "encrypted-sec1.key");
  openssl("pkcs12", "-export", "-in", "tls.crt", "-inkey", "tls.key", "-out", "tls.p12", "-passout", "file:pass");
  openssl("crl2pkcs7", "-nocrl", "-certfile", "tls.crt", "-outform", "der", "-out", "tls.p7b");
  openssl("crl2pkcs7", "-nocrl", "-certfile", "tls.crt", "-out", "tls.p7");
  openssl("pkey", "-in", "tls.key", "-outform", "der", "-out", "key.der");
  put("empty", "");
  put("blank", "\n \n");
  put(
    "binary",
    Uint8Array.from({ length: 4096 }, (_, index) => (index * 37) % 256),
  );
  put("words", "this is no certificate\n");
  put("bad-base64.crt", "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n");
  put("huge", "");
  truncateSync(join(directory, "huge"), 4 * 1024 ** 3);
  mkdirSync(join(directory, "folder"));
}

/** Go leaves such a certificate out of its pool without a word. */
function withOctetAfterTheEnd(der: Uint8Array): string {
  const base64 = Buffer.concat([der, Buffer.of(0)]).toString("base64");
  return `-----BEGIN CERTIFICATE-----\n${base64.match(/.{1,64}/g)?.join("\n")}\n-----END CERTIFICATE-----\n`;
}

const SOUND = { cert: "tls.crt", key: "tls.key", cacerts: "cacerts.pem", hostname: HOST, at: AT };
type Changes = { readonly [flag in keyof typeof SOUND]?: string };

function check(changes: Changes = {}, more: readonly string[] = [], environment: Record<string, string> = {}): Ended {
  const flags = Object.entries({ ...SOUND, ...changes }).flatMap(([flag, value]) => [`--${flag}`, value]);
  return runFarrier(directory, ["check", "--offline", ...flags, ...more], { environment });
}

describe("a target that the agents' Go code accepts ends with 0", () => {
  const rows: readonly (readonly [name: string, changes: Changes, more?: readonly string[]])[] = [
    ["a served intermediate", {}],
    ["an intermediate as the anchor", { cert: "leaf-only.crt", cacerts: "issuing.pem" }],
    ["a bundle with CRLF and a comment", { cacerts: "crlf.pem" }],
    ["an IP address", { hostname: "192.0.2.7" }],
    ["a name that a wildcard covers", { hostname: "a.wild.example.com" }],
    ["a date alone", { at: "2026-04-01" }],
    ["a time with an offset, in the last second", { at: "2027-03-01T14:00:00+02:00" }],
    ["a SEC1 key", { key: "sec1.key" }],
    ["an encrypted key with its passphrase", { key: "encrypted.key" }, ["--key-passphrase-file", "pass"]],
    ["an encrypted SEC1 key with its passphrase", { key: "encrypted-sec1.key" }, ["--key-passphrase-file", "pass"]],
  ];
  for (const [name, changes, more] of rows) {
    it(name, () => {
      const ended = check(changes, more);
      expect(ended).toMatchObject({ code: 0, stderr: "" });
      expect(ended.stdout).toMatch(/^accepted {2}by agents/);
    });
  }

  it("an encrypted key with its passphrase in the environment", () => {
    expect(check({ key: "encrypted.key" }, [], { FARRIER_KEY_PASSPHRASE: PASSPHRASE }).code).toBe(0);
  });

  it("files without a key, of which everything else is judged", () => {
    const { cert, cacerts, hostname, at } = SOUND;
    const args = ["--cert", cert, "--cacerts", cacerts, "--hostname", hostname, "--at", at];
    expect(runFarrier(directory, ["check", "--offline", ...args]).code).toBe(0);
  });
});

describe("a target that the agents' Go code refuses ends with 3 and says why", () => {
  const other = { cacerts: "other-root.pem", key: "other.key" };
  const rows: readonly (readonly [name: string, code: string, changes: Changes])[] = [
    ["expired", "chain.expired", { at: "2027-03-01T12:00:01Z" }],
    ["not yet valid", "chain.not-yet-valid", { at: "2026-03-01T10:59:59Z" }],
    ["another hostname", "chain.hostname", { hostname: "rancher.example.org" }],
    ["a name two levels under the wildcard", "chain.hostname", { hostname: "a.b.wild.example.com" }],
    ["a missing intermediate", "chain.unknown-authority", { cert: "leaf-only.crt" }],
    ["a bundle that lacks the issuer", "chain.unknown-authority", { cacerts: "other-root.pem" }],
    ["a root that Go drops from the bundle", "chain.unknown-authority", { cacerts: "with-garbage.pem" }],
    ["a key for another certificate", "key.mismatch", { key: "other.key" }],
    ["a SHA-1 signature", "chain.weak-signature", { ...other, cert: "sha1.crt" }],
    ["a common name without alternative names", "chain.no-alternative-names", { ...other, cert: "name-only.crt" }],
    ["a client's certificate", "chain.extended-key-usage", { ...other, cert: "client.crt" }],
    ["an unknown critical extension", "chain.critical-extension", { ...other, cert: "critical.crt" }],
    ["an issuer that is no CA", "chain.not-a-ca", { ...other, cert: "under-no-ca.crt" }],
  ];
  for (const [name, code, changes] of rows) {
    it(name, () => {
      const ended = check(changes, ["-o", "json"]);
      expect(ended.code).toBe(3);
      const { accepted, findings } = JSON.parse(ended.stdout);
      expect(accepted).toBe(false);
      const errors = findings.filter(({ severity }: { severity: string }) => severity === "error");
      expect(errors.map((it: { code: string }) => it.code)).toContain(code);
    });
  }

  it("for people: the verdict, each finding with its code and hint, and a count", () => {
    const ended = check({ hostname: "rancher.example.org" });
    expect(ended.code).toBe(3);
    expect(ended.stdout).toMatch(/^refused {2}by agents that connect to rancher\.example\.org at 2026-04-01/);
    expect(ended.stdout).toMatch(/error .*rancher\.example\.org.*\[chain\.hostname\]\n {9}\S/);
    expect(ended.stdout).toMatch(/1 error/);
  });
});

describe("what only other verifiers mind", () => {
  const rows: readonly (readonly [name: string, code: string, changes: Changes])[] = [
    ["a bundle without a root", "strict.no-root", { cert: "leaf-only.crt", cacerts: "issuing.pem" }],
    ["served out of order", "strict.served-order", { cert: "out-of-order.crt" }],
  ];
  for (const [name, code, changes] of rows) {
    it(`is a warning, and the exit code stays 0: ${name}`, () => {
      const ended = check(changes, ["-o", "json"]);
      expect(ended.code).toBe(0);
      expect(JSON.parse(ended.stdout).findings).toContainEqual(expect.objectContaining({ code, severity: "warning" }));
    });
  }
});

describe("the result as data", () => {
  it("names the chain that the agents take, the names, and the pin of the bundle", () => {
    const result = JSON.parse(check({}, ["-o", "json"]).stdout);
    const trimmed = readFileSync(join(directory, "cacerts.pem"), "utf8").trim();
    expect(result).toMatchObject({
      accepted: true,
      hostname: HOST,
      at: "2026-04-01T00:00:00.000Z",
      pin: createHash("sha256").update(`${trimmed}\n`).digest("hex"),
      path: [{ subject: `CN=${HOST}` }, { subject: "CN=Example Issuing" }, { subject: "CN=Example Root" }],
      chain: [{ names: { dns: [HOST, "*.wild.example.com"], ip: ["192.0.2.7"] } }, {}],
      anchors: [{ notBefore: "2026-03-01T11:00:00.000Z" }],
    });
  });

  it("is the same in YAML", () => {
    expect(check({}, ["-o", "yaml"]).stdout).toMatch(/^accepted: true\nhostname: rancher\.example\.com\n/);
  });
});

describe("bad input ends with 2, one sentence and a hint", () => {
  const rows: readonly (readonly [name: string, says: RegExp, changes: Changes, more?: readonly string[]])[] = [
    ["a missing file", /nowhere\.pem does not exist/, { cert: "nowhere.pem" }],
    ["a directory", /folder is a directory/, { cacerts: "folder" }],
    ["an empty file", /empty is empty/, { key: "empty" }],
    ["a blank file", /blank is empty/, { cacerts: "blank" }],
    ["a huge file", /huge is larger than 1048576 bytes/, { cert: "huge" }],
    ["a binary file", /binary holds no PEM certificate/, { cert: "binary" }],
    ["a binary bundle", /binary holds no PEM certificate/, { cacerts: "binary" }],
    ["words", /words holds no PEM certificate/, { cert: "words" }],
    ["a certificate cut off", /cut-off\.crt has a BEGIN line without its END line/, { cert: "cut-off.crt" }],
    ["a key in the certificate's place", /tls\.key holds no certificate/, { cert: "tls.key" }],
    ["a certificate in the key's place", /tls\.crt holds no private key/, { key: "tls.crt" }],
    ["DER", /openssl x509 -inform der -in leaf\.der/, { cert: "leaf.der" }],
    ["a key in DER", /openssl pkey -inform der -in key\.der/, { key: "key.der" }],
    ["PKCS#7", /openssl pkcs7 -inform der -print_certs -in tls\.p7b/, { cert: "tls.p7b" }],
    ["PKCS#7 in PEM", /openssl pkcs7 -print_certs -in tls\.p7/, { cacerts: "tls.p7" }],
    ["PKCS#12", /openssl pkcs12 -in tls\.p12/, { cert: "tls.p12" }],
    ["an encrypted key alone", /encrypted\.key is encrypted/, { key: "encrypted.key" }],
    ["a wrong passphrase", /does not open/, { key: "encrypted.key" }, ["--key-passphrase-file", "wrong-pass"]],
    ["a passphrase file that is missing", /nowhere does not/, {}, ["--key-passphrase-file", "nowhere"]],
    ["a URL as hostname", /"https:\/\/a\.example" is not a host name/, { hostname: "https://a.example" }],
    ["a hostname with a port", /"a\.example:443" is not a host name/, { hostname: "a.example:443" }],
    ["an empty hostname", /--hostname/, { hostname: "" }],
    ["a day that does not exist", /"2026-02-30" is not a time/, { at: "2026-02-30" }],
    ["a time without zone", /"2026-02-03T10:00:00" is not a time/, { at: "2026-02-03T10:00:00" }],
    ["an unknown flag", /Unknown option '--cacert'[\s\S]*--cacerts/, {}, ["--cacert", "x"]],
  ];
  for (const [name, says, changes, more] of rows) {
    it(name, () => {
      const ended = check(changes, more);
      expect(ended).toMatchObject({ code: 2, stdout: "" });
      expect(ended.stderr).toMatch(says);
      expect(ended.stderr.trimEnd().split("\n")).toHaveLength(2);
      expect(ended.stderr).not.toContain(PASSPHRASE);
    });
  }

  it("names every flag that is missing", () => {
    const ended = runFarrier(directory, ["check", "--offline", "--cert", "tls.crt"]);
    expect(ended.code).toBe(2);
    expect(ended.stderr).toContain("also needs --cacerts, --hostname");
  });

  it("is one JSON object where JSON was asked for", () => {
    const ended = check({ cert: "nowhere.pem" }, ["-o", "json"]);
    expect(ended.code).toBe(2);
    expect(JSON.parse(ended.stdout)).toMatchObject({ type: "error", code: "input.file-missing" });
  });
});

describe("in a pipeline", () => {
  it("starts without the Kubernetes client and without the library that issues", () => {
    const hook = `import { registerHooks } from "node:module";
      registerHooks({ resolve: (specifier, context, next) => {
        const found = next(specifier, context);
        process.stderr.write(found.url + "\\n");
        return found;
      } });`;
    const nodeArgs = ["--import", `data:text/javascript,${encodeURIComponent(hook)}`];
    const flags = Object.entries(SOUND).flatMap(([flag, value]) => [`--${flag}`, value]);
    const ended = runFarrier(directory, ["check", "--offline", ...flags], { nodeArgs });
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain("/src/pki/judge-target.ts");
    expect(ended.stderr).not.toMatch(/kubernetes|peculiar|\/src\/(observe|rancher|execute|sandbox)\//);
  });
});
