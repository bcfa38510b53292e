import { beforeAll, describe, expect, test } from "vitest";
import { createRoot } from "../../pki/issuing/authority.ts";
import { pemCertificates, refusalOf } from "./trust.ts";

let one = "";
let two = "";

beforeAll(async () => {
  const now = new Date();
  one = (await createRoot({ commonName: "One", now, days: 1 })).certificatePem;
  two = (await createRoot({ commonName: "Two", now, days: 1 })).certificatePem;
});

describe("the certificates that Go takes from a text", () => {
  const garbage = "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n";
  test.each([
    { name: "two, one after the other", text: () => one + two, taken: 2 },
    { name: "with comments and blank lines between", text: () => `# a\n\n${one}\n# b\n${two}`, taken: 2 },
    { name: "with carriage returns", text: () => (one + two).replaceAll("\n", "\r\n"), taken: 2 },
    { name: "a byte order mark hides the first", text: () => `\uFEFF${one}${two}`, taken: 1 },
    { name: "one that cannot be parsed is passed over", text: () => one + garbage + two, taken: 2 },
    { name: "a marker that does not begin its line does not count", text: () => `x${one}${two}`, taken: 1 },
    { name: "no certificate at all", text: () => "hello", taken: 0 },
    { name: "nothing", text: () => "", taken: 0 },
  ])("$name: $taken", ({ text, taken }) => {
    expect(pemCertificates(text())).toHaveLength(taken);
  });
});

describe("in which words an agent refuses", () => {
  const failed = (code: string, rest = {}) => Object.assign(new Error(code), { code, ...rest });
  test.each([
    {
      name: "an unknown authority",
      error: failed("UNABLE_TO_GET_ISSUER_CERT_LOCALLY"),
      words: "signed by unknown authority",
    },
    { name: "a self-signed one", error: failed("SELF_SIGNED_CERT_IN_CHAIN"), words: "signed by unknown authority" },
    { name: "an expired one", error: failed("CERT_HAS_EXPIRED"), words: "has expired or is not yet valid" },
    { name: "another purpose", error: failed("INVALID_PURPOSE"), words: "incompatible key usage" },
    {
      name: "another name",
      error: failed("ERR_TLS_CERT_ALTNAME_INVALID", {
        cert: { subjectaltname: "DNS:a.example, IP Address:192.0.2.1" },
      }),
      words: "is valid for a.example, 192.0.2.1, not rancher.example",
    },
    {
      name: "no name but the common one",
      error: failed("ERR_TLS_CERT_ALTNAME_INVALID", { cert: {} }),
      words: "relies on legacy Common Name field",
    },
  ])("$name", ({ error, words }) => {
    expect(refusalOf(error, "rancher.example")).toMatch(/^x509: certificate /);
    expect(refusalOf(error, "rancher.example")).toContain(words);
  });

  test.each(["ECONNREFUSED", "ECONNRESET", "ENOTFOUND", "ERR_SSL_WRONG_VERSION_NUMBER"])("%s is no refusal", (code) => {
    expect(refusalOf(failed(code), "rancher.example")).toBeUndefined();
  });
});
