/**
 * A rollback whose process is killed with SIGKILL at every journal entry, before it is flushed and after, and applied
 * again by a new process each time, leads back to the beginning, as an undisturbed one does.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { openRotation } from "../../src/execute/rotation.ts";
import { type RotationLab, startRotationLab } from "../helpers/rotation-lab.ts";
import { dumpWorld, expectWorld, restingWorld } from "../helpers/world-dump.ts";
import { expectDeathEverywhere, Mortal } from "./lives.ts";

const MINUTE = 60_000;
let lab: RotationLab;
let mortal: Mortal;
let beginning: Record<string, unknown>;

beforeAll(async () => {
  [lab, mortal] = await Promise.all([startRotationLab({ clusters: 1 }), Mortal.build()]);
  beginning = await restingWorld(lab.sandbox);
  await lab.prepare();
  expect(await lab.apply()).toEqual({ kind: "finished", worldChanged: true });
  expect(await dumpWorld(lab.sandbox)).not.toEqual(beginning);
});

afterAll(async () => {
  await lab.stop();
  await mortal.remove();
});

test(
  "a rollback that is killed at every journal entry leads back to the beginning",
  async () => {
    const { length } = (await openRotation(lab.directory)).journal.entries;
    const planFile = await lab.prepareRollback();
    const run = await mortal.applyUntilFinished(lab, planFile);
    expect(run.outcome).toMatchObject({ kind: "already-finished" });
    await lab.sandbox.waitUntilConnected();
    await expectWorld(lab.sandbox, beginning);
    expect(lab.sandbox.statistics().refusals).toEqual([]);

    await expectDeathEverywhere(lab.directory, run, length);
  },
  12 * MINUTE,
);
