import { describe, expect, it } from "vitest";
import { type BackupOperator, decideBackup, type OperatorWish } from "./estate-backup.ts";

const installed = (more: Partial<Extract<BackupOperator, { kind: "installed" }>> = {}): BackupOperator => ({
  kind: "installed",
  namespace: "cattle-resources-system",
  resourceSets: ["rancher-resource-set-basic", "rancher-resource-set-full"],
  encryptionConfigFound: true,
  ...more,
});
const absent: BackupOperator = { kind: "unusable", why: "Rancher's backup operator is not installed" };
const encrypted: OperatorWish = { encryptionConfigSecret: "key" };

describe("the estate's own backup that was asked for", () => {
  const rows: [string, OperatorWish, BackupOperator, object, readonly string[]][] = [
    ["takes the set with Secrets", encrypted, installed(), { resourceSet: "rancher-resource-set-full" }, []],
    [
      "takes the only set of older charts",
      encrypted,
      installed({ resourceSets: ["rancher-resource-set"] }),
      { resourceSet: "rancher-resource-set", encryptionConfigSecret: "key" },
      [],
    ],
    [
      "takes the set that was named",
      { ...encrypted, resourceSet: "own" },
      installed({ resourceSets: ["own"] }),
      { resourceSet: "own" },
      [],
    ],
    ["tells of Secrets in the clear", {}, installed(), { kind: "operator" }, ["backup.plain-secrets"]],
    [
      "tells of a set without Secrets, where nothing is in the clear",
      { resourceSet: "rancher-resource-set-basic" },
      installed(),
      { kind: "operator" },
      ["backup.without-secrets"],
    ],
  ];
  it.each(rows)("%s", (_, wish, operator, backup, codes) => {
    const decision = decideBackup(wish, operator, { without: false });
    expect(decision.backup).toMatchObject(backup);
    expect(decision.findings.map(({ code }) => code)).toEqual(codes);
  });
});

describe("where it cannot be made", () => {
  const rows: [string, OperatorWish, BackupOperator, RegExp][] = [
    ["because there is no operator", encrypted, absent, /is not installed\.$/],
    [
      "because there is no set",
      encrypted,
      installed({ resourceSets: [] }),
      /no ResourceSet rancher-.*; there is none\.$/,
    ],
    [
      "because there is no such set",
      { resourceSet: "my-set" },
      installed(),
      /no ResourceSet my-set; there are rancher/,
    ],
    [
      "because its encryption has no Secret",
      encrypted,
      installed({ encryptionConfigFound: false }),
      /no Secret cattle-resources-system\/key/,
    ],
  ];
  it.each(rows)("%s, it is an error, and with a person's word a warning", (_, wish, operator, sentence) => {
    const refused = decideBackup(wish, operator, { without: false });
    expect(refused).toEqual({
      findings: [
        expect.objectContaining({
          code: "backup.not-possible",
          severity: "error",
          sentence: expect.stringMatching(sentence),
          hint: expect.stringContaining("--without-estate-backup"),
        }),
      ],
    });
    const accepted = decideBackup(wish, operator, { without: true });
    expect(accepted.backup).toEqual({ kind: "none", why: expect.any(String) });
    expect(accepted.findings).toMatchObject([{ code: "backup.not-possible", severity: "warning" }]);
  });

  it("is not left out because a person would do without it where it can be made", () => {
    expect(decideBackup(encrypted, installed(), { without: true }).backup).toMatchObject({ kind: "operator" });
  });
});
