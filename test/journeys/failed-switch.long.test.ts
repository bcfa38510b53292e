/** A switch that fails is undone, and a second attempt proves everything anew. */
import { afterEach, expect, test } from "vitest";
import type { JournalEntry } from "../../src/journal/entry.ts";
import { isWrite } from "../../src/sandbox/api-server/audit.ts";
import { endingAfter, stageDone } from "../helpers/ending-after.ts";
import { type RotationLab, startRotationLab } from "../helpers/rotation-lab.ts";

const MINUTE = 60_000;
let lab: RotationLab;

afterEach(async () => {
  await lab.stop();
});

async function presentedLeaf(): Promise<string | undefined> {
  const world = await lab.openWorld();
  try {
    return (await world.rancher.presented())[0]?.fingerprints[0];
  } finally {
    await world.close();
  }
}

const agentPods = async (cluster: string): Promise<string[]> => {
  const { items } = await lab.sandbox.cluster(cluster).client.list({ group: "", version: "v1", resource: "pods" });
  return items.map(({ metadata }) => metadata.uid ?? "");
};

test(
  "a cluster that does not come back undoes the switch; the next attempt has everybody dial again",
  async () => {
    lab = await startRotationLab({ clusters: 2, speed: 200 });
    const plan = await lab.prepare();
    const [canary, other] = lab.sandbox.clusters.map(({ id }) => id).sort();
    if (canary === undefined || other === undefined) throw new Error("the estate has two clusters");
    const goesAway = (entry: JournalEntry): void => {
      if (entry.type !== "step-started" || entry.step !== "rancher/restart-rancher") return;
      void lab.sandbox.inject({ kind: "offline", cluster: other });
    };
    await lab.apply(endingAfter(stageDone("spread@both")));
    const first = await lab.apply({ patience: 0.04, observers: [{ afterFlush: goesAway }] });
    expect(first).toMatchObject({ kind: "failed", stage: "switch", steps: ["rancher/restart-rancher"] });
    expect(await presentedLeaf()).toBe(plan.serving.current.certificates[0]?.fingerprint);
    await lab.sandbox.inject({ kind: "offline", cluster: other, seconds: 1 });
    await lab.sandbox.waitUntilConnected(other);

    const canaryBefore = await agentPods(canary);
    const writes: string[] = [];
    const listener = lab.sandbox.managementServer.audit.onEntry((entry) => {
      if (isWrite(entry)) writes.push(`${entry.verb} ${entry.resource}`);
    });
    const second = await lab.apply(endingAfter(stageDone("switch")));
    listener.remove();
    expect(second).toMatchObject({ kind: "halted" });
    expect(await presentedLeaf()).toBe(plan.serving.target.certificates[0]?.fingerprint);
    expect(writes.slice(writes.indexOf("update secrets"))).toContain("delete pods");
    const canaryAfter = await agentPods(canary);
    expect(canaryAfter.filter((uid) => canaryBefore.includes(uid))).toEqual([]);
    expect(lab.sandbox.statistics().refusals).toEqual([]);
  },
  5 * MINUTE,
);
