/**
 * Random estates with a cluster that one of its nodes leads to over a real `sshd`, while its tunnel is dead or goes; random
 * faults, and a process that is killed anywhere: forth to the end, or back to the beginning. A few, since each has sessions.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type SshLab, sshInstalled, startSshLab } from "../helpers/ssh-server.ts";
import { failuresOf } from "./estates/cases.ts";
import { timeOf } from "./estates/goes-forth.ts";
import {
  applyingAgainWritesNothing,
  everythingIsJournalled,
  nobodyIsCutOff,
  noSecretIsReadable,
  othersMarksRemain,
  theEstateIsAsPlanned,
  theHoldNamesTheObstacle,
  theMeansArePlanned,
  theWorldIsAsBefore,
} from "./estates/invariants.ts";
import { isFinished, liveThrough } from "./estates/lives.ts";

const installed = sshInstalled();
let node: SshLab;

beforeAll(async () => {
  if (!installed) return;
  node = await startSshLab();
  // As many as want to may begin a session at a time.
  await node.restartNode({}, ["MaxStartups 100"]);
});
afterAll(() => node?.stop());

test.skipIf(!installed)(
  "a rotation over nodes keeps its invariants, forth and back",
  async () => {
    const failures = await failuresOf("ssh", (one) =>
      liveThrough(
        one,
        async (lived) => {
          if (!isFinished(lived.outcome))
            throw new Error(`it did not come to its end: ${JSON.stringify(lived.outcome)}`);
          theHoldNamesTheObstacle(one, lived);
          theMeansArePlanned(one, lived);
          await nobodyIsCutOff(one, lived);
          await (one.turnsBackAt === undefined ? theEstateIsAsPlanned : theWorldIsAsBefore)(one, lived);
          await everythingIsJournalled(lived);
          await applyingAgainWritesNothing(lived);
          await othersMarksRemain(lived);
          await noSecretIsReadable(lived);
        },
        node,
      ),
    );
    expect(failures.join("\n\n")).toBe("");
  },
  timeOf("ssh"),
);
