/**
 * A flag day whose process is killed with SIGKILL at every journal entry, before it is flushed and after, and applied
 * again by a new process each time: the cluster ends connected, with the target's bytes, as if nothing had happened.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Plan } from "../../src/plan/plan.ts";
import { agents, pinOfServed, presentedLeaves, servedBundle, trustSecret } from "../helpers/estate-facts.ts";
import { type RotationLab, startRotationLab } from "../helpers/rotation-lab.ts";
import { presentInstead } from "../helpers/serving-pair.ts";
import { Mortal, placesOfJournal } from "./lives.ts";
import { placesOfPlan } from "./place.ts";

const MINUTE = 60_000;
let lab: RotationLab;
let mortal: Mortal;
let plan: Plan;
let beginning: Awaited<ReturnType<typeof agents>>;

beforeAll(async () => {
  [lab, mortal] = await Promise.all([startRotationLab({ clusters: [{ name: "quito" }] }), Mortal.build()]);
  const { sandbox } = lab;
  beginning = await agents(sandbox);
  await presentInstead(sandbox, await (await sandbox.pki.newAuthority("Forgotten")).issue());
  plan = await lab.prepare({}, lab.directory, undefined, { replace: true });
}, MINUTE);

afterAll(async () => {
  await lab.stop();
  await mortal.remove();
});

test(
  "a flag day that is killed at every journal entry ends with the target and a connected cluster",
  async () => {
    expect(plan.procedure).toBe("replace");
    const { outcome, deaths, places } = await mortal.applyUntilFinished(lab);
    expect(outcome).toMatchObject({ kind: "already-finished" });
    const { sandbox } = lab;
    await sandbox.waitUntilConnected();
    const target = plan.epochs.at(-1);
    expect(await trustSecret(sandbox)).toBe(target?.bundle);
    const served = await servedBundle(sandbox);
    expect(served).toBe(target?.bundle.trim());
    expect(await presentedLeaves(sandbox)).toEqual([plan.serving.target.certificates[0]?.fingerprint]);
    const { minReadySeconds } = beginning.quito ?? {};
    const pin = pinOfServed(served);
    expect((await agents(sandbox)).quito).toMatchObject({ pin, pods: [pin], minReadySeconds });

    const journal = await placesOfJournal(lab.directory);
    expect(journal.filter((place) => !places.includes(place))).toEqual([]);
    expect(placesOfPlan(plan).filter((place) => !journal.includes(place))).toEqual([]);
    expect(deaths).toBeGreaterThan(placesOfPlan(plan).length);
  },
  12 * MINUTE,
);
