/** A rotation in which the real helm upgrades Rancher, and its way back, killed with SIGKILL at every journal entry. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ScenarioInput } from "../../src/sandbox/scenario/scenario.ts";
import { type RotationLab, type ServingPair, startRotationLab } from "../helpers/rotation-lab.ts";
import { dumpWorld, withoutReleases } from "../helpers/world-dump.ts";
import { areBuilt, pathOf } from "../kubernetes/control-plane/binaries.ts";
import { expectDeathEverywhere, Mortal } from "./lives.ts";

const MINUTE = 60_000;

interface Upgrade {
  readonly scenario: ScenarioInput;
  /** Left out for the lab's own, of a new private CA. */
  readonly targetOf?: (lab: RotationLab) => Promise<ServingPair>;
}

/** Declares the tests; they are left out where there is no helm. */
export function killedForthAndBack(name: string, { scenario, targetOf }: Upgrade): void {
  describe.skipIf(!areBuilt("helm3"))(`${name} that is killed at every journal entry`, () => {
    let lab: RotationLab;
    let mortal: Mortal;
    let beginning: Record<string, unknown>;
    let undisturbed: Record<string, unknown>;
    const world = async () => withoutReleases(await dumpWorld(lab.sandbox));

    beforeAll(async () => {
      [lab, mortal] = await Promise.all([startRotationLab(scenario, pathOf("helm3")), Mortal.build()]);
      beginning = await world();
      const target = await targetOf?.(lab);
      const calm = { directory: join(lab.folder, "calm") };
      await lab.prepare({}, calm.directory, target);
      expect(await lab.apply(calm)).toEqual({ kind: "finished", worldChanged: true });
      undisturbed = await world();
      const back = await lab.apply({ ...calm, planFile: await lab.prepareRollback(calm.directory) });
      expect(back).toMatchObject({ kind: "finished" });
      expect(await world()).toEqual(beginning);
      await lab.prepare({}, lab.directory, target);
    }, 2 * MINUTE);

    afterAll(async () => {
      await lab?.stop();
      await mortal?.remove();
    });

    test(
      "ends in the same world as an undisturbed one",
      async () => {
        const run = await mortal.applyUntilFinished(lab);
        expect(run.outcome).toMatchObject({ kind: "already-finished" });
        await lab.sandbox.waitUntilConnected();
        expect(await world()).toEqual(undisturbed);
        expect(lab.sandbox.statistics().refusals).toEqual([]);
        await expectDeathEverywhere(lab.directory, run);
      },
      12 * MINUTE,
    );

    test(
      "and one back ends in the world of the beginning",
      async () => {
        const { outcome } = await mortal.applyUntilFinished(lab, await lab.prepareRollback());
        expect(outcome).toMatchObject({ kind: "already-finished" });
        await lab.sandbox.waitUntilConnected();
        expect(await world()).toEqual(beginning);
        expect(lab.sandbox.statistics().refusals).toEqual([]);
      },
      12 * MINUTE,
    );
  });
}
