/**
 * Consumers that come to a cluster while a rotation runs: the gate before each change of what everybody is served sees
 * them, in the same process, and opens once they are gone.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ApplyOutcome } from "../../src/execute/apply.ts";
import type { JournalEntry } from "../../src/journal/entry.ts";
import type { NewObject, ResourceRef } from "../../src/sandbox/cluster-client.ts";
import { presentedLeaves, trustSecret } from "../helpers/estate-facts.ts";
import { type RotationLab, startRotationLab } from "../helpers/rotation-lab.ts";

const PLANS: ResourceRef = { group: "upgrade.cattle.io", version: "v1", resource: "plans", namespace: "cattle-system" };
const NAME = "system-agent-upgrader";
const PLAN: NewObject = {
  apiVersion: "upgrade.cattle.io/v1",
  kind: "Plan",
  metadata: { name: NAME, namespace: "cattle-system" },
  spec: { concurrency: 10, version: "v0.3.13", upgrade: { image: "rancher/system-agent" } },
};

let lab: RotationLab;

beforeAll(async () => {
  lab = await startRotationLab({ clusters: 1 });
  await lab.prepare();
});
afterAll(() => lab?.stop());

/** Applies; Rancher begins to manage the cluster's nodes while the given stage is under way. */
async function applyWhileNodesCome(
  { sandbox, apply }: RotationLab,
  { stage, gateWaitSeconds, onHeld }: { stage: string; gateWaitSeconds: number; onHeld?: () => void },
): Promise<ApplyOutcome> {
  const [cluster] = sandbox.clusters;
  const afterFlush = (entry: JournalEntry): void => {
    if (entry.type === "stage-entered" && entry.data.stage === stage) void cluster?.client.create(PLANS, PLAN);
    if (entry.type === "gate-held") onHeld?.();
  };
  return await apply({ gateWaitSeconds, observers: [{ afterFlush }] });
}

const nodesGo = async ({ sandbox }: RotationLab): Promise<void> => {
  await sandbox.clusters[0]?.client.delete(PLANS, NAME);
};

describe("system-agents that come to a cluster in the middle of a rotation", () => {
  test.each([
    ["arm@both", "widen"],
    ["spread@both", "switch"],
    ["arm@target", "narrow"],
  ])("during %s hold the gate of %s before anything is written", async (during, heldAt) => {
    const [served, presented] = [await trustSecret(lab.sandbox), await presentedLeaves(lab.sandbox)];
    const outcome = await applyWhileNodesCome(lab, { stage: during, gateWaitSeconds: 0 });
    expect(outcome).toMatchObject({ kind: "held", stage: heldAt });
    const [cluster] = lab.sandbox.clusters;
    expect(outcome).toMatchObject({
      holds: [{ target: `${cluster?.id}/system-agent`, hint: expect.stringMatching(/./) }],
    });
    if (heldAt !== "narrow") expect(await presentedLeaves(lab.sandbox)).toEqual(presented);
    if (heldAt === "widen") expect(await trustSecret(lab.sandbox)).toBe(served);
    await nodesGo(lab);
  });

  test("open it in the same process when they go while it waits", async () => {
    const other = await startRotationLab({ clusters: 1 });
    try {
      await other.prepare();
      let held = 0;
      const onHeld = (): void => {
        held += 1;
        void nodesGo(other);
      };
      const outcome = await applyWhileNodesCome(other, { stage: "arm@both", gateWaitSeconds: 60, onHeld });
      expect(outcome).toEqual({ kind: "finished", worldChanged: true });
      expect(held).toBe(1);
    } finally {
      await other.stop();
    }
  });
});
