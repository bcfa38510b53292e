import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  authorityExtension,
  dnsName,
  ecKey,
  namesExtension,
  writeCertificate,
} from "../../test/helpers/certificate-writing.ts";
import { FarrierError } from "../errors.ts";
import { agentsPool } from "./agents-pool.ts";
import { bundleFindings } from "./bundle-findings.ts";
import { pemText } from "./certificate.ts";
import { walkDer } from "./der/walk.ts";
import { explainPin, pinOf, pinOfFile, settingValueOf } from "./pin.ts";
import { readPrivateKey } from "./reading/private-key.ts";
import { readCertificates } from "./reading/read-certificates.ts";
import { parseX509 } from "./x509/parse.ts";

const key = ecKey();
const certificate = writeCertificate({
  key,
  extensions: [authorityExtension(), namesExtension([dnsName("a.example.com")])],
});

/** A certificate with some bytes overwritten, as a faulty disk or an attacker would. */
const damaged = fc
  .array(fc.tuple(fc.nat(certificate.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
  .map((changes) => {
    const copy = Buffer.from(certificate);
    for (const [at, byte] of changes) {
      copy[at] = byte;
    }
    return copy;
  });

const LINES = [
  "-----BEGIN CERTIFICATE-----",
  "-----END CERTIFICATE-----",
  "-----BEGIN PRIVATE KEY-----",
  "-----END PRIVATE KEY-----",
  "AAAA",
  "A: b",
  "\r",
  "\ufeff",
  "-----",
  certificate.toString("base64"),
];
const pemLike = fc.array(fc.constantFrom(...LINES), { maxLength: 12 }).map((lines) => lines.join("\n"));
const content = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  pemLike,
  fc.string(),
  damaged.map((bytes) => pemText("CERTIFICATE", bytes)),
  damaged,
);

describe("whatever the bytes", () => {
  it("a certificate is parsed or refused with a reason and an offset inside of it", () => {
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        const parsed = parseX509(bytes);
        if (parsed.kind === "refused") {
          expect(parsed.reason).not.toBe("");
          expect(parsed.offset).toBeLessThanOrEqual(bytes.length);
        }
        expect(walkDer(bytes).every(({ offset }) => offset <= bytes.length)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("a bundle has a pool in which nobody is both held and dropped", () => {
    fc.assert(
      fc.property(content, (bundle) => {
        const { anchors, dropped } = agentsPool(bundle);
        const names = bundleFindings(bundle, "x").filter(({ code }) => code === "bundle.certificate-dropped");
        expect(names).toHaveLength(dropped.length);
        expect(new Set(anchors.map(({ fingerprint }) => fingerprint)).size).toBe(anchors.length);
      }),
      { numRuns: 300 },
    );
  });

  it("files are read or refused in our own words", () => {
    fc.assert(
      fc.property(content, (bytes) => {
        for (const read of [readCertificates, readPrivateKey]) {
          try {
            read(bytes, "file");
          } catch (error) {
            expect(error).toBeInstanceOf(FarrierError);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it("the pin of a file is the pin of what Rancher stores for it, and explains itself", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const stored = settingValueOf(text);
        expect(settingValueOf(stored)).toBe(stored);
        expect(pinOfFile(text)).toBe(pinOf(stored));
        expect(explainPin(pinOf(stored), stored).kind).toBe(stored === "" ? "empty" : "served");
      }),
    );
  });
});
