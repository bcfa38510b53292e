import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Authority, createIntermediate, createRoot } from "../../src/pki/issuing/authority.ts";
import { issueCertificate } from "../../src/pki/issuing/certificate.ts";
import { basicConstraints, extendedKeyUsage, PURPOSE, subjectAltName } from "../../src/pki/issuing/extensions.ts";
import { issueServing } from "../../src/pki/issuing/serving.ts";
import { type CommandLab, expectRefusal, startCommandLab, TARGET } from "../helpers/command-lab.ts";
import { json } from "../helpers/journey.ts";
import type { Ended } from "../helpers/run-farrier.ts";
import { expectWorld, restingWorld } from "../helpers/world-dump.ts";

const DAY = 24 * 3_600_000;
const NAMES = ["localhost", "127.0.0.1"];

let lab: CommandLab;
let filesBefore: unknown;
let worldBefore: Record<string, unknown>;
beforeAll(async () => {
  lab = await startCommandLab();
  await writeTargets();
  filesBefore = await lab.files();
  worldBefore = await restingWorld(lab.sandbox);
});
afterAll(async () => {
  await lab?.stop();
});

async function writeTargets(): Promise<void> {
  const now = new Date();
  const root = await createRoot({ commonName: "Good Root", now, days: 900 });
  const issuing = await createIntermediate(root, { commonName: "Good Issuing", now, days: 800 });
  const good = await issueServing(issuing, { hostnames: NAMES, now });
  lab.put("good.key", good.keyPem);
  lab.put("good.crt", good.certificatePem + issuing.certificatePem);
  lab.put("root.pem", root.certificatePem);
  lab.put("leaf-only.crt", good.certificatePem);
  const other = await createRoot({ commonName: "Other Root", now });
  lab.put("other-root.pem", other.certificatePem);
  lab.put("other.key", other.keyPem);
  const times: Record<string, { readonly notBefore: Date; readonly notAfter: Date }> = {
    expired: { notBefore: new Date(now.getTime() - 9 * DAY), notAfter: new Date(now.getTime() - DAY) },
    "not-yet": { notBefore: new Date(now.getTime() + DAY), notAfter: new Date(now.getTime() + 90 * DAY) },
    "ends-soon": { notBefore: new Date(now.getTime() - DAY), notAfter: new Date(now.getTime() + DAY) },
  };
  for (const [name, lifetime] of Object.entries(times)) {
    lab.put(`${name}.crt`, (await serving(root, good.key, lifetime)).certificatePem);
  }
  const elsewhere = await issueServing(root, { hostnames: ["rancher.example.com"], now });
  lab.put("elsewhere.crt", elsewhere.certificatePem);
  lab.put("elsewhere.key", elsewhere.keyPem);
  lab.put("sha1.crt", (await serving(root, good.key, { hash: "SHA-1" })).certificatePem);
  const noCa = await issueCertificate({
    subject: [["CN", "No CA"]],
    issuer: root.subject,
    publicKey: good.key.publicKey,
    signingKey: root.key.privateKey,
    notBefore: new Date(now.getTime() - DAY),
    notAfter: new Date(now.getTime() + 200 * DAY),
    extensions: [basicConstraints(false)],
  });
  const below = await serving({ ...root, subject: noCa.subject, key: good.key }, good.key, {});
  lab.put("under-no-ca.crt", below.certificatePem + noCa.certificatePem);
  lab.put(
    "with-key.crt",
    `\ufeff${good.keyPem}${good.certificatePem}${issuing.certificatePem}`.replaceAll("\n", "\r\n"),
  );
  lab.put("with-key.pem", root.certificatePem + root.keyPem);
  lab.put("cut-off.crt", good.certificatePem.slice(0, 200));
  lab.put("garbage.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  lab.put("leaf.der", good.certificateDer);
  lab.put("empty", "");
  lab.put(
    "not-utf8.crt",
    Uint8Array.from({ length: 999 }, (_, index) => (index * 37) % 256),
  );
}

type Fields = Partial<Pick<Parameters<typeof issueCertificate>[0], "notBefore" | "notAfter" | "hash">>;

/** A serving certificate for the estate's names, with what is wrong in it. */
async function serving(issuer: Pick<Authority, "subject" | "key">, key: Authority["key"], fields: Fields) {
  return await issueCertificate({
    subject: [["CN", "localhost"]],
    issuer: issuer.subject,
    publicKey: key.publicKey,
    signingKey: issuer.key.privateKey,
    notBefore: new Date(Date.now() - DAY),
    notAfter: new Date(Date.now() + 200 * DAY),
    extensions: [subjectAltName(NAMES), extendedKeyUsage([PURPOSE.serverAuth])],
    ...fields,
  });
}

const GOOD = { cert: "good.crt", key: "good.key", cacerts: "root.pem" };
type Changes = Partial<typeof GOOD>;

function plan(changes: Changes, ...more: readonly string[]): Promise<Ended> {
  const flags = Object.entries({ ...GOOD, ...changes }).flatMap(([flag, value]) => [`--${flag}`, value]);
  return lab.farrier(["plan", ...flags, "--out", "rotation", ...more]);
}

describe("a target that agents would refuse is not planned for: exit 3, each fault with its fix", () => {
  const rows: readonly (readonly [name: string, changes: Changes, code: string, says: RegExp])[] = [
    ["a key for another certificate (M1.1)", { key: "other.key" }, "key.mismatch", /other\.key/],
    ["expired", { cert: "expired.crt" }, "chain.expired", /expired|ended/],
    ["not yet valid", { cert: "not-yet.crt" }, "chain.not-yet-valid", /valid only from/],
    ["that ends before the plan may be over", { cert: "ends-soon.crt" }, "target.ends-early", /localhost .* ends on/],
    ["for another host", { cert: "elsewhere.crt", key: "elsewhere.key" }, "chain.hostname", /localhost/],
    ["without its intermediate", { cert: "leaf-only.crt" }, "chain.unknown-authority", /Good Issuing/],
    ["with a bundle that lacks the issuer", { cacerts: "other-root.pem" }, "chain.unknown-authority", /issuer/],
    ["under a CA that is none", { cert: "under-no-ca.crt" }, "chain.not-a-ca", /No CA/],
    ["that is garbage", { cert: "garbage.crt" }, "encoding.malformed", /certificate 1 of garbage\.crt/],
    ["with a bundle of garbage", { cacerts: "garbage.crt" }, "chain.unknown-authority", /issuer/],
    ["signed with SHA-1", { cert: "sha1.crt" }, "chain.weak-signature", /SHA-?1/],
  ];
  it.concurrent.each(rows)("%s", async (_name, changes, code, says) => {
    const ended = await plan(changes);
    expect(ended).toMatchObject({ code: 3, stderr: "" });
    const lines = ended.stdout.split("\n");
    const at = lines.findIndex((line) => line.startsWith("error ") && line.endsWith(`[${code}]`));
    expect(lines[at], ended.stdout).toMatch(says);
    expect(lines[at + 1]).toMatch(/^ {9}\S/);
    expect(ended.stdout).toMatch(/\d errors?/);
  });

  it.concurrent("as data: all findings in one object", async () => {
    const ended = await plan({ cert: "sha1.crt", key: "other.key" }, "-o", "json");
    expect(ended).toMatchObject({ code: 3, stderr: "" });
    const errors = json(ended.stdout).findings.filter(({ severity }: { severity: string }) => severity === "error");
    expect(errors.map(({ code }: { code: string }) => code)).toEqual(
      expect.arrayContaining(["chain.weak-signature", "key.mismatch"]),
    );
  });
});

describe("a target that cannot be read is refused: exit 2", () => {
  const rows: readonly (readonly [name: string, changes: Changes, code: string, says: RegExp, hint: RegExp])[] = [
    ["bytes in the certificate's place", { cert: "not-utf8.crt" }, "input.not-pem", /not-utf8\.crt/, /\w/],
    ["a key in the certificate's place", { cert: "good.key" }, "input.not-pem", /good\.key/, /\w/],
    ["a certificate in the key's place", { key: "good.crt" }, "input.not-pem", /good\.crt/, /PRIVATE KEY/],
    ["a certificate cut off", { cert: "cut-off.crt" }, "input.not-pem", /cut-off\.crt .*END/, /\w/],
    ["an empty bundle", { cacerts: "empty" }, "input.file-empty", /empty is empty/, /\w/],
    ["DER", { cert: "leaf.der" }, "input.needs-conversion", /leaf\.der/, /openssl x509 -inform der/],
  ];
  it.concurrent.each(rows)("%s", async (_name, changes, code, says, hint) => {
    expectRefusal(await plan(changes), { exit: 2, code, says, hint });
  });
});

describe("a plan that cannot be written", () => {
  const rows: readonly (readonly [name: string, out: string, exit: number, code: string, says: RegExp])[] = [
    ["below a file", "token/rotation", 1, "rotation.unwritable", /token\/rotation/],
    ["where a file is", "token", 1, "rotation.unwritable", /token/],
  ];
  it.concurrent.each(rows)("%s", async (_name, out, exit, code, says) => {
    expectRefusal(await lab.farrier(["plan", ...TARGET, "--out", out]), { exit, code, says });
  });
});

describe("keys that people keep beside their certificates", () => {
  it("do not get into the plan, nor into what is said", async () => {
    const changes = { cert: "with-key.crt", cacerts: "with-key.pem" };
    const flags = Object.entries({ ...GOOD, ...changes }).flatMap(([flag, value]) => [`--${flag}`, value]);
    const ended = await lab.farrier(["plan", ...flags, "--out", "with-key", "-o", "json"]);
    expect(ended.code, ended.stderr).toBe(0);
    const plan = await readFile(join(lab.folder, "with-key/plan.json"), "utf8");
    expect(plan).toContain("BEGIN CERTIFICATE");
    expect(plan + ended.stdout + ended.stderr).not.toContain("PRIVATE KEY");
    // What the ingress will be given: the certificates alone, with plain line ends.
    expect(json(plan).serving.target.chain).toBe(await readFile(join(lab.folder, "good.crt"), "utf8"));
    await rm(join(lab.folder, "with-key"), { recursive: true });
  });
});

describe("after all of that", () => {
  it("no directory was made, no file was changed, and the estate saw no write", async () => {
    const { "config/farrier/identity.txt": _, ...files } = await lab.files();
    expect(files).toEqual(filesBefore);
    expect(lab.writes).toEqual([]);
    await expectWorld(lab.sandbox, worldBefore);
  });
});
