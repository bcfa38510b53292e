import { describe, expect, test } from "vitest";
import { AGENT_FINDINGS } from "./findings/agents.ts";
import { BACKUP_FINDINGS } from "./findings/backups.ts";
import { CERTIFICATE_FINDINGS } from "./findings/certificates.ts";
import { MANAGEMENT_FINDINGS } from "./findings/management.ts";
import { REACH_FINDINGS } from "./findings/reaches.ts";
import { REFRESH_FINDINGS } from "./findings/refresh.ts";
import { STRICTER_FINDINGS } from "./findings/stricter.ts";
import { FINDINGS, type FindingCode, finding } from "./findings.ts";

describe("the catalogue of findings", () => {
  test("no code is in two of its parts, where one would hide the other", () => {
    const parts = [
      AGENT_FINDINGS,
      BACKUP_FINDINGS,
      CERTIFICATE_FINDINGS,
      MANAGEMENT_FINDINGS,
      REACH_FINDINGS,
      REFRESH_FINDINGS,
      STRICTER_FINDINGS,
    ];
    const codes = parts.flatMap((part) => Object.keys(part));
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
    expect(Object.keys(FINDINGS).toSorted()).toEqual(codes.toSorted());
  });

  test.each(Object.entries(FINDINGS))("%s: a dotted code, a meaning and a hint that are sentences", (code, entry) => {
    expect(code).toMatch(/^[a-z]+\.[a-z][a-z0-9]*(-[a-z]+)*$/);
    expect(entry.meaning).toMatch(/^[A-Za-z].*\.$/);
    expect(entry.hint).toMatch(/^[A-Za-z][^\n]*\S$/);
  });
});

describe("a finding", () => {
  const code: FindingCode = "cluster.disconnected";

  test("has the catalogue's severity and hint unless the check knows better", () => {
    expect(finding(code, "cluster c-1 (paris)", "It is gone.")).toEqual({
      code,
      severity: "warning",
      target: "cluster c-1 (paris)",
      sentence: "It is gone.",
      hint: "Reconnect it, remove it from Rancher, or plan without it: it holds the gates until it is waived.",
    });
    expect(finding(code, "c", "It is gone.", { severity: "error", hint: "Look." })).toMatchObject({
      severity: "error",
      hint: "Look.",
    });
  });
});
