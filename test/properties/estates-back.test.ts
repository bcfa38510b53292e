/**
 * As forth, but at some entry of the journal, or after the end, the process dies for good and a person rolls back: the
 * estate ends as it was before the rotation.
 */
import { expect, test } from "vitest";
import { failuresOf } from "./estates/cases.ts";
import { timeOf } from "./estates/goes-forth.ts";
import {
  applyingAgainWritesNothing,
  everythingIsJournalled,
  nobodyIsCutOff,
  noSecretIsReadable,
  othersMarksRemain,
  theWorldIsAsBefore,
} from "./estates/invariants.ts";
import { isFinished, liveThrough } from "./estates/lives.ts";

test(
  "a rollback from anywhere leads back to the estate of the beginning",
  async () => {
    const failures = await failuresOf("back", (one) =>
      liveThrough(one, async (lived) => {
        if (!isFinished(lived.outcome)) throw new Error(`it did not come to its end: ${JSON.stringify(lived.outcome)}`);
        await nobodyIsCutOff(one, lived);
        await theWorldIsAsBefore(one, lived);
        await everythingIsJournalled(lived);
        await applyingAgainWritesNothing(lived);
        await othersMarksRemain(lived);
        await noSecretIsReadable(lived);
      }),
    );
    expect(failures.join("\n\n")).toBe("");
  },
  timeOf("back"),
);
