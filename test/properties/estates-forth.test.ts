/**
 * Random estates, random faults, agents that restart whenever they like, and a process that is killed anywhere: the
 * rotation goes forth to its end, or says what holds it.
 */
import { expect, test } from "vitest";
import { failuresOf, seedsOf } from "./estates/cases.ts";
import {
  applyingAgainWritesNothing,
  everythingIsJournalled,
  nobodyIsCutOff,
  noSecretIsReadable,
  othersMarksRemain,
  theEstateIsAsPlanned,
  theHoldNamesTheObstacle,
} from "./estates/invariants.ts";
import { isFinished, liveThrough } from "./estates/lives.ts";

const MINUTE = 60_000;

test(
  "a rotation keeps its invariants, whatever happens to the estate and to the process",
  async () => {
    const failures = await failuresOf("forth", (one) =>
      liveThrough(one, async (lived) => {
        expect([isFinished(lived.outcome), lived.outcome]).toEqual([true, expect.anything()]);
        theHoldNamesTheObstacle(one, lived);
        await nobodyIsCutOff(one, lived);
        await theEstateIsAsPlanned(one, lived);
        await everythingIsJournalled(lived);
        await applyingAgainWritesNothing(lived);
        await othersMarksRemain(lived);
        await noSecretIsReadable(lived);
      }),
    );
    expect(failures.join("\n\n")).toBe("");
  },
  MINUTE + seedsOf("forth").length * 3_000,
);
