import { beforeAll, describe, expect, it } from "vitest";
import { type CheckLab, makeCheckLab, summaries } from "../../test/helpers/check-lab.ts";
import { NOW } from "../../test/helpers/estate-builder.ts";
import { FarrierError } from "../errors.ts";
import { createIntermediate, createRoot } from "../pki/issuing/authority.ts";
import { issueServing } from "../pki/issuing/serving.ts";
import { readTarget, type TargetFiles } from "./target.ts";
import { targetAccepted, targetDiffers, targetOutlives } from "./target-accepted.ts";

interface Files extends TargetFiles {
  readonly certPem: string;
  readonly keyPem: string;
  readonly caPem: string;
}

let lab: CheckLab;
let good: Files;
let elsewhere: Files;
let expired: Files;
beforeAll(async () => {
  lab = await makeCheckLab();
  const root = await createRoot({ commonName: "New Root", now: NOW });
  const issuing = await createIntermediate(root, { commonName: "New Issuing", now: NOW });
  const issue = async (hostname: string, days: number): Promise<Files> => {
    const leaf = await issueServing(issuing, { hostnames: [hostname], now: NOW, days });
    return {
      certPem: leaf.certificatePem + issuing.certificatePem,
      keyPem: leaf.keyPem,
      caPem: issuing.certificatePem + root.certificatePem,
    };
  };
  good = await issue("rancher.example.test", 365);
  elsewhere = await issue("elsewhere.example.test", 365);
  expired = await issue("rancher.example.test", 0);
});

const at = (files: TargetFiles, now = new Date(NOW.getTime() + 60_000)) => ({
  ...lab.input(),
  now,
  target: readTarget(files),
});

describe("a target", () => {
  it("that is good has no errors", () => {
    expect(targetAccepted(at(good)).filter(({ severity }) => severity === "error")).toEqual([]);
    expect(targetOutlives(at(good))).toEqual([]);
    expect(targetDiffers(at(good))).toEqual([]);
  });

  it.each([
    { name: "another key", files: () => ({ ...good, keyPem: elsewhere.keyPem }), code: "key.mismatch" },
    { name: "another name", files: () => elsewhere, code: "chain.hostname" },
    {
      name: "no issuer in the bundle",
      files: () => ({ ...good, caPem: lab.authority.bundle }),
      code: "chain.unknown-authority",
    },
    {
      name: "no intermediate, and only the root in the bundle",
      files: () => ({
        ...good,
        certPem: good.certPem.slice(0, good.certPem.indexOf("-----END CERTIFICATE-----") + 26),
        caPem: good.caPem.slice(good.caPem.indexOf("-----END CERTIFICATE-----") + 26),
      }),
      code: "chain.unknown-authority",
    },
    { name: "a life that is over", files: () => expired, code: "chain.expired" },
  ])("with $name is refused with $code", ({ files, code }) => {
    const errors = targetAccepted(at(files())).filter(({ severity }) => severity === "error");
    expect(errors.map((error) => error.code)).toContain(code);
  });

  it("that ends before the rotation is refused", () => {
    const ending = { ...at(good), until: new Date("2028-01-01T00:00:00Z") };
    expect(summaries(targetOutlives(ending))).toEqual(["error target.ends-early target chain"]);
  });

  it("ends with the first of its certificates to end, the intermediate here", async () => {
    const root = await createRoot({ commonName: "Long Root", now: NOW });
    const issuing = await createIntermediate(root, { commonName: "Brief Issuing", now: NOW, days: 20 });
    const notAfter = new Date(NOW.getTime() + 300 * 86_400_000);
    const leaf = await issueServing(issuing, { hostnames: ["rancher.example.test"], now: NOW, notAfter });
    const brief = at({ certPem: leaf.certificatePem + issuing.certificatePem, caPem: root.certificatePem });
    const found = targetOutlives({ ...brief, until: new Date("2027-01-01T00:00:00Z") });
    expect(found.map(({ sentence }) => sentence)).toEqual([
      "CN=Brief Issuing of the target chain ends on 2026-12-13 12:00 UTC, before the rotation may be over.",
    ]);
    const atTheEnd = (milliseconds: number) => ({
      ...brief,
      until: new Date(Date.UTC(2026, 11, 13, 12) + milliseconds),
    });
    expect(targetOutlives(atTheEnd(0))).toHaveLength(1);
    expect(targetOutlives(atTheEnd(-1))).toEqual([]);
  });

  it("without a block that can be parsed is refused, and its end is no question", () => {
    const garbage = at({ ...good, certPem: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" });
    expect(targetAccepted(garbage).map(({ code }) => code)).toContain("encoding.malformed");
    expect(targetOutlives(garbage)).toEqual([]);
  });

  it("that is in use already is said to be", () => {
    const same = at({ certPem: lab.authority.chain, caPem: lab.authority.bundle });
    expect(summaries(targetDiffers(same))).toEqual(["info target.in-use target chain"]);
  });

  const unreadable: [string, Partial<TargetFiles>, string, string][] = [
    ["certificate", { certPem: "garbage" }, "cert", "tls.crt"],
    ["bundle", { caPem: "garbage" }, "ca", "cacerts.pem"],
    ["key", { keyPem: "garbage" }, "key", "tls.key"],
  ];
  it.each(unreadable)("whose %s cannot be read is refused by the file's name", (_, broken, label, usual) => {
    const files = { ...good, ...broken };
    expect(() => readTarget(files)).toThrow(usual);
    expect(() => readTarget({ ...files, labels: { [label]: "/etc/own.pem" } })).toThrow("/etc/own.pem");
  });

  it("whose files hold nothing of the kind is bad input, and no finding", () => {
    expect(() => readTarget({ ...good, certPem: "garbage" })).toThrow(FarrierError);
    expect(readTarget(good).keyMatches).toBe(true);
    expect(readTarget({ ...good, keyPem: elsewhere.keyPem }).keyMatches).toBe(false);
  });
});
