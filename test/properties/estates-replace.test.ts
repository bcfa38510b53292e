/**
 * Random estates that only a flag day is left for, random faults, and a process that is killed anywhere: whoever was armed
 * in time comes back by itself, or is moved past Rancher.
 */
import { expect, test } from "vitest";
import { failuresOf } from "./estates/cases.ts";
import { timeOf } from "./estates/goes-forth.ts";
import {
  applyingAgainWritesNothing,
  everybodyEndsConnected,
  everythingIsJournalled,
  noSecretIsReadable,
  othersMarksRemain,
  theEstateIsAsPlanned,
  theFlagDayIsPrepared,
  whomAFlagDayMayLose,
} from "./estates/invariants.ts";
import { isFinished, liveThrough } from "./estates/lives.ts";

test(
  "a flag day keeps the invariants that it can keep, whatever happens to the estate and to the process",
  async () => {
    const failures = await failuresOf("replace", (one) =>
      liveThrough(one, async (all) => {
        const lived = { ...all, waived: await whomAFlagDayMayLose(one, all) };
        if (!isFinished(lived.outcome)) throw new Error(`it did not come to its end: ${JSON.stringify(lived.outcome)}`);
        theFlagDayIsPrepared(one, lived);
        await everybodyEndsConnected(lived);
        await theEstateIsAsPlanned(one, lived);
        await everythingIsJournalled(lived);
        await applyingAgainWritesNothing(lived);
        await othersMarksRemain(lived);
        await noSecretIsReadable(lived);
      }),
    );
    expect(failures.join("\n\n")).toBe("");
  },
  timeOf("replace"),
);
