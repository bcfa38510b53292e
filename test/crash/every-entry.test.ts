/**
 * The process is killed at every journal entry, before it is flushed and after, and applied again each time. The world
 * that this ends in is compared, object by object, with the one that an undisturbed rotation of the same estate ends in.
 */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { prepareRollback } from "../../src/execute/prepare.ts";
import { openRotation } from "../../src/execute/rotation.ts";
import { type RotationLab, startRotationLab } from "../helpers/rotation-lab.ts";
import { dumpWorld } from "../helpers/world-dump.ts";
import { applyWithKills } from "./killing.ts";

const MINUTES = 60_000;
let lab: RotationLab;
let beginning: Record<string, unknown>;
let undisturbed: Record<string, unknown>;
const killed = () => join(lab.folder, "killed");

beforeAll(async () => {
  lab = await startRotationLab({ clusters: 2, speed: 100 });
  beginning = await dumpWorld(lab.sandbox);
  await lab.prepare();
  expect(await lab.apply()).toEqual({ kind: "finished", worldChanged: true });
  undisturbed = await dumpWorld(lab.sandbox);
  expect(undisturbed).not.toEqual(beginning);
}, 2 * MINUTES);

afterAll(async () => {
  await lab.stop();
});

async function planRollback(directory: string): Promise<string> {
  const world = await lab.openWorld();
  try {
    const { file } = await prepareRollback({ directory, world, now: lab.now() });
    return file;
  } finally {
    await world.close();
  }
}

/** Every kind of entry about every step and stage that the journal holds was a place of death, twice. */
async function expectKilledEverywhere(directory: string, kills: readonly string[], begin: number): Promise<void> {
  const { journal } = await openRotation(directory);
  const places = new Set(
    journal.entries
      .filter(({ seq }) => seq > begin)
      .map((entry) => [entry.type, entry.step ?? ("stage" in entry.data ? entry.data.stage : "")].join(" ").trim()),
  );
  const missed = [...places].flatMap((place) =>
    [`${place} before`, `${place} after`].filter((one) => !kills.includes(one)),
  );
  expect(missed).toEqual([]);
}

test(
  "an undisturbed rollback leads back to the beginning",
  async () => {
    expect(await lab.apply({ planFile: await planRollback(lab.directory) })).toMatchObject({ kind: "finished" });
    expect(await dumpWorld(lab.sandbox)).toEqual(beginning);
  },
  MINUTES,
);

test(
  "a rotation killed at every entry ends in the same world as an undisturbed one",
  async () => {
    await lab.prepare({}, killed());
    const { outcome, kills } = await applyWithKills(lab, { directory: killed() }, () => true);
    expect(outcome.kind).toMatch(/finished/);
    expect(await dumpWorld(lab.sandbox)).toEqual(undisturbed);
    await expectKilledEverywhere(killed(), kills, 0);
    expect(kills.length).toBeGreaterThan(150);
    expect(lab.sandbox.statistics().refusals).toEqual([]);
  },
  4 * MINUTES,
);

test(
  "a rollback killed at every entry leads back to the beginning",
  async () => {
    const begin = (await openRotation(killed())).journal.head.seq;
    const planFile = await planRollback(killed());
    const { outcome, kills } = await applyWithKills(lab, { directory: killed(), planFile }, () => true);
    expect(outcome.kind).toMatch(/finished/);
    expect(await dumpWorld(lab.sandbox)).toEqual(beginning);
    await expectKilledEverywhere(killed(), kills, begin);
    expect(lab.sandbox.statistics().refusals).toEqual([]);
  },
  4 * MINUTES,
);
