/**
 * A rotation whose process is killed with SIGKILL at every journal entry, before it is flushed and after, and applied
 * again by a new process each time. The world that this ends in is compared, object by object, with the one that an
 * undisturbed rotation of the same estate ends in.
 */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ScenarioInput } from "../../src/sandbox/scenario/scenario.ts";
import { type RotationLab, startRotationLab } from "../helpers/rotation-lab.ts";
import { expectWorld, restingWorld } from "../helpers/world-dump.ts";
import { expectDeathEverywhere, Mortal } from "./lives.ts";

const MINUTE = 60_000;

/** Declares the test for an estate. */
export function killedForth(name: string, scenario: ScenarioInput): void {
  describe(name, () => {
    let lab: RotationLab;
    let mortal: Mortal;
    let undisturbed: Record<string, unknown>;

    beforeAll(async () => {
      [lab, mortal] = await Promise.all([startRotationLab(scenario), Mortal.build()]);
      const beginning = await restingWorld(lab.sandbox);
      const calm = { directory: join(lab.folder, "calm") };
      await lab.prepare({}, calm.directory);
      expect(await lab.apply(calm)).toEqual({ kind: "finished", worldChanged: true });
      undisturbed = await restingWorld(lab.sandbox);
      expect(undisturbed).not.toEqual(beginning);
      expect(await lab.apply({ ...calm, planFile: await lab.prepareRollback(calm.directory) })).toMatchObject({
        kind: "finished",
      });
      await expectWorld(lab.sandbox, beginning);
      await lab.prepare();
    });

    afterAll(async () => {
      await lab.stop();
      await mortal.remove();
    });

    test(
      "a rotation that is killed at every journal entry ends in the same world as an undisturbed one",
      async () => {
        const run = await mortal.applyUntilFinished(lab);
        expect(run.outcome).toMatchObject({ kind: "already-finished" });
        await lab.sandbox.waitUntilConnected();
        await expectWorld(lab.sandbox, undisturbed);
        expect(lab.sandbox.statistics().refusals).toEqual([]);

        await expectDeathEverywhere(lab.directory, run);
      },
      12 * MINUTE,
    );
  });
}
