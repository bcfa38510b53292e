import { describe, expect, test } from "vitest";
import { plain, trailingBlanks } from "../../../test/helpers/terminal.ts";
import type { ApplyOutcome } from "../../execute/apply.ts";
import { describeOutcome } from "./outcome.ts";

const HOLD = { target: "c-1/cluster-agent", why: "It is not armed.", hint: "Wait for it." };

describe("how an apply ended, and what to do next", () => {
  test.each<{ name: string; outcome: ApplyOutcome; says: readonly string[] }>([
    {
      name: "finished",
      outcome: { kind: "finished", worldChanged: true },
      says: ["Finished. See farrier report rotation"],
    },
    {
      name: "finished without a change",
      outcome: { kind: "finished", worldChanged: false },
      says: ["Finished. The estate was already there: nothing was written. See farrier report rotation"],
    },
    {
      name: "finished before",
      outcome: { kind: "already-finished" },
      says: ["Already finished. Nothing was written."],
    },
    {
      name: "held: by whom, why, and what to do",
      outcome: { kind: "held", stage: "widen", holds: [HOLD, { ...HOLD, target: "c-2/cluster-agent" }] },
      says: [
        "Held at the gate of widen. The estate may stay like this. When this is mended: farrier apply rotation",
        "  c-1/cluster-agent  It is not armed.",
        "    Wait for it.",
        "  c-2/cluster-agent  It is not armed.",
        "    Wait for it.",
      ],
    },
    {
      name: "interrupted",
      outcome: { kind: "halted", stage: "switch", halt: { kind: "interrupted" } },
      says: ["Interrupted in switch. All is recorded. Go on with: farrier apply rotation"],
    },
    {
      name: "paused",
      outcome: { kind: "halted", stage: "switch", halt: { kind: "paused", by: "ann", why: "lunch" } },
      says: ["Paused in switch by ann: lunch. Go on with: farrier resume rotation"],
    },
    {
      name: "failed: what, how to learn why, on or back",
      outcome: { kind: "failed", stage: "arm@both", steps: ["c-1/arm-agent@both", "c-2/arm-agent@both"] },
      says: [
        "Stage arm@both failed. Nothing more was done. Failed: c-1/arm-agent@both, c-2/arm-agent@both",
        "farrier status rotation says why. Mend it and go on with farrier apply rotation, or go back with farrier rollback rotation",
      ],
    },
  ])("$name", ({ outcome, says }) => {
    const text = describeOutcome(outcome, "rotation");
    expect(plain(text).replace(/\n$/, "").split("\n")).toEqual(says);
    expect(text).toMatch(/[^\n]\n$/);
    expect(trailingBlanks(text.trimEnd())).toEqual([]);
  });

  test("the commands can be copied whatever the directory is called", () => {
    const text = plain(
      describeOutcome({ kind: "halted", stage: "switch", halt: { kind: "interrupted" } }, "/a/my rotation"),
    );
    expect(text).toContain("Go on with: farrier apply '/a/my rotation'\n");
  });

  test("resting says until when, and how to go on", () => {
    const text = plain(
      describeOutcome({ kind: "resting", stage: "rest", until: "2026-12-01T00:00:00.000Z" }, "rotation"),
    );
    expect(text).toContain("2026-12-01T00:00:00.000Z");
    expect(text).toMatch(/farrier (apply|resume) rotation/);
  });

  test("a reason from outside cannot steer the terminal", () => {
    const halt = { kind: "paused", by: "ann\u001b[2J", why: "lunch\u0007" } as const;
    const said = describeOutcome({ kind: "halted", stage: "switch", halt }, "rotation");
    for (const control of ["\u001b[2J", "\u0007"]) expect(said).not.toContain(control);
  });
});
