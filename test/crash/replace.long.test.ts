/**
 * A flag day whose process is killed with SIGKILL at every journal entry, before it is flushed and after, and applied
 * again by a new process each time: the cluster ends connected, with the target's bytes, as if nothing had happened.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Plan } from "../../src/plan/plan.ts";
import { agents, pinOfServed, presentedLeaves, servedBundle, trustSecret } from "../helpers/estate-facts.ts";
import { type RotationLab, startRotationLab } from "../helpers/rotation-lab.ts";
import { presentInstead } from "../helpers/serving-pair.ts";
import { expectDeathEverywhere, Mortal } from "./lives.ts";

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
});

afterAll(async () => {
  await lab.stop();
  await mortal.remove();
});

test(
  "a flag day that is killed at every journal entry ends with the target and a connected cluster",
  async () => {
    expect(plan.procedure).toBe("replace");
    const run = await mortal.applyUntilFinished(lab);
    expect(run.outcome).toMatchObject({ kind: "already-finished" });
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

    await expectDeathEverywhere(lab.directory, run);
  },
  12 * MINUTE,
);
