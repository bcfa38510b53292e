/**
 * Random estates whose Rancher the real helm upgrades, from its own generated CA and to a public certificate, random faults,
 * and a process that is killed anywhere: forth to the end, or back to the beginning. A few, since helm takes its time.
 */
import { expect, test } from "vitest";
import { areBuilt } from "../kubernetes/control-plane/binaries.ts";
import { failuresOf } from "./estates/cases.ts";
import { timeOf } from "./estates/goes-forth.ts";
import {
  applyingAgainWritesNothing,
  everythingIsJournalled,
  nobodyIsCutOff,
  noSecretIsReadable,
  othersMarksRemain,
  theEstateIsAsPlanned,
  theReleaseIsChanged,
  theWorldIsAsBefore,
} from "./estates/invariants.ts";
import { isFinished, liveThrough } from "./estates/lives.ts";

test.skipIf(!areBuilt("helm3"))(
  "a rotation that upgrades Rancher's release keeps its invariants, forth and back",
  async () => {
    const failures = await failuresOf("upgrade", (one) =>
      liveThrough(one, async (lived) => {
        if (!isFinished(lived.outcome)) throw new Error(`it did not come to its end: ${JSON.stringify(lived.outcome)}`);
        theReleaseIsChanged(lived);
        await nobodyIsCutOff(one, lived);
        await (one.turnsBackAt === undefined ? theEstateIsAsPlanned : theWorldIsAsBefore)(one, lived);
        await everythingIsJournalled(lived);
        await applyingAgainWritesNothing(lived);
        await othersMarksRemain(lived);
        await noSecretIsReadable(lived);
      }),
    );
    expect(failures.join("\n\n")).toBe("");
  },
  timeOf("upgrade"),
);
