import { describe, expect, it } from "vitest";
import { operatorBackupState } from "./backup-operator.ts";

const UID = "10ddce99-968f-40fe-a859-d659fcec1747";
const FILE = `before-${UID}-2026-11-26T17-18-10Z.tar.gz`;
const ready = (filename: string) => ({
  conditions: [
    { type: "Ready", status: "True", message: "Completed" },
    { type: "Uploaded", status: "True" },
  ],
  filename,
  storageLocation: "S3",
});

describe("a Backup of the operator", () => {
  const rows: [string, unknown, boolean, object][] = [
    ["is made", ready(FILE), false, { kind: "made", file: FILE, where: "S3" }],
    ["is made and encrypted", ready(`${FILE}.enc`), true, { kind: "made", file: `${FILE}.enc`, where: "S3" }],
    ["is not looked at", undefined, false, { kind: "waiting", words: "the operator has not looked at it" }],
    [
      "is worked on",
      { conditions: [{ type: "Reconciling", status: "True", message: "Processing" }] },
      false,
      { kind: "waiting", words: "Reconciling: Processing" },
    ],
    ["is ready and names no file yet", ready(""), false, { kind: "waiting", words: expect.any(String) }],
    ["has a status that is none", { conditions: "none" }, false, { kind: "waiting", words: expect.any(String) }],
    [
      "was given up",
      { conditions: [{ type: "Stalled", status: "True", message: "no such bucket" }] },
      false,
      { kind: "failed", why: "the operator gave up: no such bucket" },
    ],
    ["is not encrypted", ready(FILE), true, { kind: "failed", why: expect.stringContaining("not encrypted") }],
    [
      "is of another estate",
      ready("before-other-2026.tar.gz"),
      false,
      { kind: "failed", why: expect.stringContaining("not of this estate") },
    ],
  ];
  it.each(rows)("%s", (_, status, encrypted, state) => {
    const object = { metadata: { name: "before" }, status };
    expect(operatorBackupState(object, { estate: UID, encrypted })).toEqual(state);
  });
});
