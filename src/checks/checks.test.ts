import { beforeAll, describe, expect, it } from "vitest";
import { type CheckLab, makeCheckLab, summaries } from "../../test/helpers/check-lab.ts";
import { FINDINGS } from "../findings.ts";
import { hasErrors, runChecks } from "./checks.ts";

let lab: CheckLab;
beforeAll(async () => {
  lab = await makeCheckLab();
});

describe("the checks", () => {
  it("find nothing to mend in a healthy estate", () => {
    const findings = runChecks(lab.input());
    expect(summaries(findings)).toEqual(["info consumer.kubeconfigs people"]);
    expect(hasErrors(findings)).toBe(false);
  });

  it("report everything at once, not the first", () => {
    const broken = lab.input({
      access: { ...lab.estate.access, throughRancher: true, token: { valid: false, visibleClusters: [] } },
      trust: { ...lab.estate.trust, settingUpdate: { allowed: "no", why: "setting is read only" } },
      gaps: [{ target: "ingress", why: "forbidden" }],
    });
    expect(summaries(runChecks(broken))).toEqual([
      "error access.through-rancher management kubeconfig",
      "error token.invalid API token",
      "error trust.update-denied setting cacerts",
      "info consumer.kubeconfigs people",
      "warning estate.gap ingress",
    ]);
    expect(hasErrors(runChecks(broken))).toBe(true);
  });

  it("survive an estate of which nothing could be read", () => {
    const { estate } = lab;
    const blind = lab.input({
      identity: { kubeSystemUid: "u", serverUrl: "not a url" },
      installation: { ...estate.installation, version: "", replicas: 0, readyReplicas: 0, pods: [] },
      serving: { chain: "", certificates: [], presented: [] },
      trust: { ...estate.trust, written: "garbage", stored: "", served: [], pin: "" },
      clusters: [],
      gaps: [{ target: "served cacerts", why: "Rancher could not be reached" }],
    });
    expect(() => runChecks(blind)).not.toThrow();
    expect(hasErrors(runChecks(blind))).toBe(true);
  });

  it("give the same findings for the same estate, each a sentence with a hint", () => {
    const input = lab.withParis({ connected: { status: "False" }, redeployPending: true });
    const findings = runChecks(input);
    expect(runChecks(input)).toEqual(findings);
    for (const { sentence, hint } of findings) {
      expect(sentence).toMatch(/^[A-Z\d].*[.\w…)]$/s);
      expect(hint.length).toBeGreaterThan(10);
    }
  });

  it("have a catalogue in which every sentence ends", () => {
    for (const [code, { meaning }] of Object.entries(FINDINGS)) expect(`${code}: ${meaning}`).toMatch(/\.$/);
  });
});
