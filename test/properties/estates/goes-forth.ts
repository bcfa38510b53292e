/** What a rotation that goes forth, or says what holds it, has kept when it is over. */
import { casesOf, ENDLESS_SECONDS, failuresOf, type Kind } from "./cases.ts";
import {
  applyingAgainWritesNothing,
  everythingIsJournalled,
  nobodyIsCutOff,
  noSecretIsReadable,
  othersMarksRemain,
  theEstateIsAsPlanned,
  theHoldNamesTheObstacle,
  theMeansArePlanned,
} from "./invariants.ts";
import { isFinished, liveThrough } from "./lives.ts";

/** Runs all cases of a procedure. @returns one text for each that failed */
export async function failuresForth(kind: "overlap" | "overlap-waves" | "renew"): Promise<string[]> {
  return await failuresOf(kind, (one) =>
    liveThrough(one, async (lived) => {
      if (!isFinished(lived.outcome)) throw new Error(`it did not come to its end: ${JSON.stringify(lived.outcome)}`);
      theHoldNamesTheObstacle(one, lived);
      theMeansArePlanned(one, lived);
      await nobodyIsCutOff(one, lived);
      await theEstateIsAsPlanned(one, lived);
      await everythingIsJournalled(lived);
      await applyingAgainWritesNothing(lived);
      await othersMarksRemain(lived);
      await noSecretIsReadable(lived);
    }),
  );
}

/** Milliseconds within which they all end, on a busy machine; one that has no end is told by its own limit before. */
export function timeOf(kind: Kind): number {
  return 60_000 + ENDLESS_SECONDS * 1000 + casesOf(kind).length * 10_000;
}
