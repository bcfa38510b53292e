import { beforeAll, describe, expect, it } from "vitest";
import { type CheckLab, makeCheckLab, summaries } from "../../test/helpers/check-lab.ts";
import { makeAuthority, NOW, type TestAuthority } from "../../test/helpers/estate-builder.ts";
import type { Estate } from "../estate/estate.ts";
import { pinOf } from "../pki/pin.ts";
import { bundleAgreement } from "./bundle-agreement.ts";
import { bundleBytes } from "./bundle-bytes.ts";
import { presentedChain } from "./presented-chain.ts";
import { servedChain } from "./served-chain.ts";
import { servingLifetime } from "./serving-lifetime.ts";
import { settingUpdate } from "./setting-update.ts";

let lab: CheckLab;
let other: TestAuthority;
beforeAll(async () => {
  lab = await makeCheckLab();
  other = await makeAuthority("Other");
});

const trust = (change: Partial<Estate["trust"]>) => lab.input({ trust: { ...lab.estate.trust, ...change } });
const serving = (change: Partial<Estate["serving"]>) => lab.input({ serving: { ...lab.estate.serving, ...change } });

describe("Secret, setting and served bundle", () => {
  it.each([
    { name: "without its last newline", text: (bundle: string) => bundle.trimEnd() },
    { name: "with white space around", text: (bundle: string) => `\n\n  ${bundle}\n\n` },
  ])("agree when the file is the value $name", ({ text }) => {
    expect(bundleAgreement(trust({ written: text(lab.authority.bundle) }))).toEqual([]);
  });

  it.each([
    {
      name: "the Secret was changed without a restart",
      change: () => ({ written: other.bundle }),
      finds: ["error trust.secret-differs secret tls-ca"],
    },
    {
      name: "only line ends differ",
      change: () => ({ written: lab.authority.bundle.replaceAll("\n", "\r\n") }),
      finds: ["error trust.secret-differs secret tls-ca"],
    },
    {
      name: "replicas serve two bundles",
      change: () => ({ served: [lab.estate.trust.stored, other.bundle.trim()] }),
      finds: ["error rancher.replicas-disagree setting cacerts"],
    },
    {
      name: "another bundle is served than stored",
      change: () => ({ served: [other.bundle.trim()] }),
      finds: ["error trust.served-differs setting cacerts"],
    },
    {
      name: "the environment sets it",
      change: () => ({ source: "env" }),
      finds: ["error trust.from-environment setting cacerts"],
    },
  ])("are told apart when $name", ({ change, finds }) => {
    expect(summaries(bundleAgreement(trust(change())))).toEqual(finds);
  });
});

describe("today's chain", () => {
  it("is accepted under today's bundle", () => {
    expect(servedChain(lab.input())).toEqual([]);
  });

  it.each([
    {
      name: "another CA's bundle",
      change: () => ({ served: [other.bundle.trim()] }),
      reason: /unknown authority|issuer|signed/i,
    },
  ])("is refused under $name, with the reason", ({ change, reason }) => {
    const findings = servedChain(trust(change()));
    expect(summaries(findings)).toEqual(["error serving.not-trusted serving certificate"]);
    expect(findings[0]?.sentence).toMatch(reason);
  });

  it("is refused after its end", () => {
    const late = { ...lab.input(), now: new Date("2030-01-01T00:00:00Z") };
    expect(summaries(servedChain(late))).toContain("error serving.not-trusted serving certificate");
  });

  it("may be trusted through the agents' own store in system-store mode, so that it is a warning there", () => {
    const input = trust({ served: [other.bundle.trim()] });
    const installation = { ...input.estate.installation, agentTlsMode: "system-store" as const };
    expect(summaries(servedChain({ ...input, estate: { ...input.estate, installation } }))).toEqual([
      "warning serving.not-trusted serving certificate",
    ]);
  });

  it("must outlive the rotation", () => {
    const [leaf, ...rest] = lab.estate.serving.certificates;
    if (leaf === undefined) throw new Error("the estate has a leaf");
    const ending = (hours: number) =>
      serving({
        certificates: [{ ...leaf, notAfter: new Date(NOW.getTime() + hours * 3_600_000).toISOString() }, ...rest],
      });
    expect(summaries(servingLifetime(ending(12)))).toEqual(["error serving.ends-early serving certificate"]);
    expect(servingLifetime(ending(48))).toEqual([]);
  });
});

describe("what addresses present", () => {
  const at = NOW.toISOString();
  it.each([
    {
      name: "a replica that is late",
      presented: [{ address: "192.0.2.7", fingerprints: ["00"], at }],
      finds: ["warning serving.other-certificate address 192.0.2.7"],
    },
    {
      name: "an address without a server",
      presented: [{ address: "192.0.2.8", fingerprints: [], at, error: "ECONNREFUSED" }],
      finds: ["warning serving.address-unreachable address 192.0.2.8"],
    },
  ])("$name", ({ presented, finds }) => {
    expect(summaries(presentedChain(serving({ presented })))).toEqual(finds);
    expect(presentedChain(lab.input())).toEqual([]);
  });
});

describe("the bytes of today's bundle", () => {
  it("are never an error: agents live with them", () => {
    const odd = `\ufeff${lab.authority.bundle}`.trimEnd();
    const findings = bundleBytes(trust({ served: [odd], stored: odd, pin: pinOf(odd) }));
    expect(findings.map(({ code }) => code)).toContain("bundle.byte-order-mark");
    expect(findings.every(({ severity }) => severity !== "error")).toBe(true);
    expect(bundleBytes(lab.input())).toEqual([]);
  });
});

describe("Rancher's right to update the setting", () => {
  it.each([
    { allowed: "yes" as const, finds: [] },
    { allowed: "no" as const, finds: ["error trust.update-denied setting cacerts"] },
    { allowed: "unknown" as const, finds: ["warning trust.update-unknown setting cacerts"] },
  ])("$allowed", ({ allowed, finds }) => {
    const findings = settingUpdate(trust({ settingUpdate: { allowed, why: "setting is read only" } }));
    expect(summaries(findings)).toEqual(finds);
    for (const { sentence } of findings) expect(sentence).toContain("setting is read only");
  });
});
