/** A rotation and its way back, killed with SIGKILL at every journal entry. */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ScenarioInput } from "../../src/sandbox/scenario/scenario.ts";
import { Person } from "../helpers/person.ts";
import { type RotationLab, type ServingPair, startRotationLab } from "../helpers/rotation-lab.ts";
import { expectWorld, restingWorld, withoutReleases } from "../helpers/world-dump.ts";
import { areBuilt, pathOf } from "../kubernetes/control-plane/binaries.ts";
import { expectDeathEverywhere, Mortal } from "./lives.ts";

const MINUTE = 60_000;

interface There {
  readonly scenario: ScenarioInput;
  /** Left out for the lab's own, of a new private CA. */
  readonly targetOf?: (lab: RotationLab) => Promise<ServingPair>;
  /** The real helm upgrades Rancher, or nothing of its release is changed. */
  readonly helm?: "upgrades" | "unused";
}

/** Declares the tests; those that need a helm are left out where there is none. */
export function killedForthAndBack(name: string, { scenario, targetOf, helm = "upgrades" }: There): void {
  describe.skipIf(helm === "upgrades" && !areBuilt("helm3"))(`${name} that is killed at every journal entry`, () => {
    let lab: RotationLab;
    let mortal: Mortal;
    let person: Person | undefined;
    let beginning: Record<string, unknown>;
    let undisturbed: Record<string, unknown>;
    const world = async () => withoutReleases(await restingWorld(lab.sandbox));

    beforeAll(async () => {
      const program = helm === "upgrades" ? pathOf("helm3") : undefined;
      [lab, mortal] = await Promise.all([startRotationLab(scenario, program), Mortal.build()]);
      const target = await targetOf?.(lab);
      if (target !== undefined && scenario.tls?.source === "external") person = await Person.at(lab, target);
      beginning = await world();
      const calm = { directory: join(lab.folder, "calm") };
      await lab.prepare({}, calm.directory, target);
      person?.follow(calm.directory);
      expect(await lab.apply(calm)).toEqual({ kind: "finished", worldChanged: true });
      undisturbed = await world();
      const back = await lab.apply({ ...calm, planFile: await lab.prepareRollback(calm.directory) });
      expect(back).toMatchObject({ kind: "finished" });
      await expectWorld(lab.sandbox, beginning, withoutReleases);
      await lab.prepare({}, lab.directory, target);
      person?.follow(lab.directory);
    });

    afterAll(async () => {
      await person?.stop();
      await lab?.stop();
      await mortal?.remove();
    });

    test(
      "ends in the same world as an undisturbed one",
      async () => {
        const run = await mortal.applyUntilFinished(lab);
        expect(run.outcome).toMatchObject({ kind: "already-finished" });
        await lab.sandbox.waitUntilConnected();
        await expectWorld(lab.sandbox, undisturbed, withoutReleases);
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
        await expectWorld(lab.sandbox, beginning, withoutReleases);
        expect(lab.sandbox.statistics().refusals).toEqual([]);
      },
      12 * MINUTE,
    );
  });
}
