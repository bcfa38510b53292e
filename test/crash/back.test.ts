/**
 * A rollback whose process is killed with SIGKILL at every journal entry, before it is flushed and after, and applied
 * again by a new process each time, leads back to the beginning, as an undisturbed one does.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { openRotation } from "../../src/execute/rotation.ts";
import { type RotationLab, startRotationLab } from "../helpers/rotation-lab.ts";
import { dumpWorld } from "../helpers/world-dump.ts";
import { Mortal, placesOfJournal } from "./lives.ts";
import { placesOfPlan } from "./place.ts";

const MINUTE = 60_000;
let lab: RotationLab;
let mortal: Mortal;
let beginning: Record<string, unknown>;

beforeAll(async () => {
  [lab, mortal] = await Promise.all([startRotationLab({ clusters: 1 }), Mortal.build()]);
  beginning = await dumpWorld(lab.sandbox);
  await lab.prepare();
  expect(await lab.apply()).toEqual({ kind: "finished", worldChanged: true });
  expect(await dumpWorld(lab.sandbox)).not.toEqual(beginning);
}, MINUTE);

afterAll(async () => {
  await lab.stop();
  await mortal.remove();
});

test(
  "a rollback that is killed at every journal entry leads back to the beginning",
  async () => {
    const { length } = (await openRotation(lab.directory)).journal.entries;
    const planFile = await lab.prepareRollback();
    const { outcome, deaths, places } = await mortal.applyUntilFinished(lab, planFile);
    expect(outcome).toMatchObject({ kind: "already-finished" });
    await lab.sandbox.waitUntilConnected();
    expect(await dumpWorld(lab.sandbox)).toEqual(beginning);
    expect(lab.sandbox.statistics().refusals).toEqual([]);

    const journal = await placesOfJournal(lab.directory, length);
    const { plan } = await openRotation(lab.directory);
    expect(journal.filter((place) => !places.includes(place))).toEqual([]);
    expect(placesOfPlan(plan).filter((place) => !journal.includes(place))).toEqual([]);
    expect(deaths).toBeGreaterThan(placesOfPlan(plan).length);
  },
  12 * MINUTE,
);
