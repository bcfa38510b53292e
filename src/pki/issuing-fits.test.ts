import { describe, expect, it } from "vitest";
import { bundleOf } from "./bundle.ts";
import { certificateOf } from "./certificate.ts";
import { createIntermediate, createRoot } from "./issuing/authority.ts";
import { KEY_ALGORITHMS } from "./issuing/keys.ts";
import { issueServing } from "./issuing/serving.ts";
import { judgeTarget } from "./judge-target.ts";

const NOW = new Date("2026-03-01T12:00:00Z");

describe("what Farrier issues is accepted by its own rules without a word", () => {
  it.each(KEY_ALGORITHMS.filter((algorithm) => algorithm !== "rsa-4096"))("%s", async (algorithm) => {
    const root = await createRoot({ commonName: "Root", organization: "Example, Inc.", now: NOW, algorithm });
    const issuing = await createIntermediate(root, { commonName: "Issuing", now: NOW, algorithm });
    const hostnames = ["rancher.example.com", "*.apps.example.com", "192.0.2.7", "2001:db8::7"];
    const serving = await issueServing(issuing, { hostnames, now: NOW, algorithm });
    for (const hostname of ["rancher.example.com", "a.apps.example.com", "192.0.2.7", "[2001:db8::7]"]) {
      const verdict = judgeTarget({
        certPem: serving.certificatePem + issuing.certificatePem,
        keyPem: serving.keyPem,
        caPem: bundleOf([root, issuing].map(({ certificateDer }) => certificateOf(certificateDer))),
        hostname,
        at: NOW,
      });
      expect(verdict).toMatchObject({ accepted: true, findings: [] });
    }
  });
});
