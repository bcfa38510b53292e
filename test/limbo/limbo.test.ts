/** Our verdicts beside Go's and beside x509-limbo's own, on all cases of C2SP/x509-limbo. */
import { describe, expect, it } from "vitest";
import { judge, type LimboCase, readLimbo } from "./limbo.ts";

/** Where warnings, counted as refusals, still leave us at odds with limbo, and why that is right. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  "pathlen::max-chain-depth-0-exhausted": "an option of the verifier (maximum depth), which neither Go nor we have",
  "pathlen::max-chain-depth-1-exhausted": "an option of the verifier (maximum depth), which neither Go nor we have",
  "pathlen::self-issued-certs-pathlen":
    "Go counts self-issued certificates against the path length, and errors follow Go",
  "pathlen::validation-ignores-pathlen-in-leaf":
    "the leaf is a CA without extendedKeyUsage: limbo's WebPKI cases refuse that themselves",
  "rfc5280::eku::ee-without-eku":
    "limbo contradicts itself: webpki::eku::ee-without-eku is the same chain, and refused",
  "rfc5280::nc::permitted-dn-match":
    "Go knows no directory name constraints and ignores common names, and errors follow Go",
  "rfc5280::nc::permitted-self-issued": "Go applies constraints to self-issued intermediates, and errors follow Go",
  "webpki::nc::permitted-dns-match-noncritical":
    "limbo contradicts itself: rfc5280::nc::permitted-dns-match-noncritical is the same chain, and refused",
};

const cases = readLimbo();

if (cases === undefined) {
  process.stderr.write("left out: x509-limbo's cases (set X509_LIMBO and X509_LIMBO_GO to the two files)\n");
} else {
  compare(cases);
}

describe("a case", () => {
  it("counts as refused when a certificate of it cannot be parsed", () => {
    const broken: LimboCase = {
      id: "broken",
      trusted_certs: [],
      untrusted_intermediates: [],
      peer_certificate: "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
      expected_peer_name: null,
      validation_time: null,
      expected_result: "FAILURE",
      go: "FAILURE",
    };
    expect(judge(broken)).toBeUndefined();
  });
});

function compare(all: readonly LimboCase[]): void {
  describe("a chain is accepted exactly where Go's x509 accepts it", () => {
    it.each(all.map((testcase) => [testcase.id, testcase] as const))("%s", (_, testcase) => {
      // Go's verdicts are those of x509.Verify alone; what only its TLS refuses is left out here.
      const errors = judge(testcase)?.findings.filter(
        ({ severity, code }) => severity === "error" && !code.startsWith("handshake."),
      );
      expect(errors?.length === 0 ? "SUCCESS" : "FAILURE").toBe(testcase.go);
    });
  });

  describe("with warnings counted as refusals", () => {
    const apart = all.filter((testcase) => strictVerdict(testcase) !== testcase.expected_result).map(({ id }) => id);

    it("nine in ten verdicts are limbo's own", () => {
      expect((all.length - apart.length) / all.length).toBeGreaterThanOrEqual(0.9);
    });

    it("every other one is explained by name", () => {
      expect(apart.toSorted()).toEqual(Object.keys(EXCEPTIONS).toSorted());
    });
  });
}

/** Limbo's intermediates are a set, not what a server sends: their order is no fault. */
function strictVerdict(testcase: LimboCase): "SUCCESS" | "FAILURE" {
  const faults = judge(testcase)?.findings.filter(
    ({ severity, code }) => severity !== "info" && code !== "strict.served-order",
  );
  return faults?.length === 0 ? "SUCCESS" : "FAILURE";
}
