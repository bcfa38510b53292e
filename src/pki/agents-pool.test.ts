import { describe, expect, it } from "vitest";
import { authorityExtension, ecKey, named, writeCertificate } from "../../test/helpers/certificate-writing.ts";
import { integer, nothing } from "../../test/helpers/der-writing.ts";
import { agentsPool } from "./agents-pool.ts";
import { bundleFindings, opensslReadsFirst } from "./bundle-findings.ts";
import { pemText } from "./certificate.ts";

const key = ecKey();
const authority = (name: string) =>
  writeCertificate({ key, issuer: named(name), subject: named(name), extensions: [authorityExtension()] });
const a = pemText("CERTIFICATE", authority("A"));
const b = pemText("CERTIFICATE", authority("B"));
const negative = pemText("CERTIFICATE", writeCertificate({ key, serial: integer(-1) }));
const certificateC = authority("C");
const trailing = pemText("CERTIFICATE", Buffer.concat([certificateC, nothing()]));
const leaf = pemText("CERTIFICATE", writeCertificate({ key }));

describe("the agents' pool of a bundle", () => {
  it.each<[string, string | Uint8Array, readonly string[], readonly RegExp[]]>([
    ["plain", a + b, ["CN=A", "CN=B"], []],
    [
      "with Windows line ends, comments and blank lines",
      `# ours\r\n\r\n${(a + b).replaceAll("\n", "\r\n")}`,
      ["CN=A", "CN=B"],
      [],
    ],
    ["with a certificate twice", a + b + a, ["CN=A", "CN=B"], []],
    ["lacks the first after a byte order mark", `\ufeff${a}${b}`, ["CN=B"], [/line of its own/]],
    ["lacks both that are glued together", a.trimEnd() + b, [], [/line of its own/, /line of its own/]],
    ["lacks what Go cannot parse", a + negative + b, ["CN=A", "CN=B"], [/serial number is negative/]],
    ["lacks what has data after it", trailing + a, ["CN=A"], [/data after the certificate/]],
    ["lacks what has headers", a.replace("-----\n", "-----\nX-Y: z\n\n") + b, ["CN=B"], [/headers/]],
    [
      "lacks what is called otherwise",
      a.replaceAll("CERTIFICATE", "TRUSTED CERTIFICATE") + b,
      ["CN=B"],
      [/called TRUSTED CERTIFICATE/],
    ],
    ["lacks what is not base64", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", [], [/not base64/]],
    ["leaves keys out", `-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n${a}`, ["CN=A"], []],
    ["of nothing is empty", "", [], []],
    ["of a web page is empty", "<html>502 Bad Gateway</html>", [], []],
  ])("%s", (_, bundle, subjects, reasons) => {
    const pool = agentsPool(bundle);
    expect(pool.anchors.map(({ subject }) => subject)).toEqual(subjects);
    expect(pool.dropped.map(({ reason }) => reason)).toEqual(reasons.map((reason) => expect.stringMatching(reason)));
  });

  it("says which certificate is missing, and at which byte it is bad", () => {
    const { dropped } = agentsPool(a + trailing);
    expect(dropped).toEqual([{ place: 2, reason: "there is data after the certificate", offset: certificateC.length }]);
  });
});

describe("what is odd about a bundle", () => {
  it.each<[string, string, readonly string[]]>([
    ["nothing", a + b, []],
    [
      "a byte order mark before the only certificate",
      `\ufeff${a}`,
      ["bundle.byte-order-mark", "bundle.certificate-dropped"],
    ],
    [
      "a byte order mark before the first of two",
      `\ufeff${a}${b}`,
      ["bundle.byte-order-mark", "bundle.certificate-dropped"],
    ],
    ["a certificate twice", a + a, ["bundle.duplicate"]],
    ["a serving certificate", a + leaf, ["bundle.leaf"]],
    ["a certificate that Go drops", negative + a, ["bundle.certificate-dropped"]],
    ["no certificate", "hello", ["bundle.first-unreadable"]],
  ])("%s", (_, bundle, codes) => {
    expect(bundleFindings(bundle, "cacerts.pem").map(({ code }) => code)).toEqual(codes);
  });

  it.each([
    ["a certificate", a, true],
    ["one after a comment", `# ours\n${a}`, true],
    ["one after a key", `-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n${a}`, true],
    ["one that Go would drop for its serial number", negative, true],
    ["one after a byte order mark", `\ufeff${a}`, true],
    ["one with data after it", trailing, false],
    ["an empty setting", "", false],
    ["garbage in the first block", `-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n${a}`, false],
  ])("openssl reads the first certificate: %s", (_, bundle, readable) => {
    expect(opensslReadsFirst(bundle)).toBe(readable);
  });
});
