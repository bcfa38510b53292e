/** The canary of the switch is restarted so that it cannot be lost: its old pod serves until the new one has shown itself. */
import { afterEach, describe, expect, test } from "vitest";
import type { Fault } from "../../src/sandbox/scenario/faults.ts";
import { endingAfter, stageDone } from "../helpers/ending-after.ts";
import { agents, leafOf, presentedLeaves } from "../helpers/estate-facts.ts";
import { type RotationLab, startRotationLab } from "../helpers/rotation-lab.ts";

const MINUTE = 60_000;
let lab: RotationLab;
afterEach(() => lab?.stop());

describe("a canary whose new pod cannot start", () => {
  test.each<[string, (cluster: string) => Fault]>([
    ["because its image cannot be pulled any more", (cluster) => ({ kind: "image-missing", cluster })],
    ["because no node has room for it", (cluster) => ({ kind: "node-full", cluster })],
  ])(
    "%s stays connected, and the certificate is put back",
    async (_, fault) => {
      lab = await startRotationLab({ clusters: 1 });
      const plan = await lab.prepare();
      const [cluster] = lab.sandbox.clusters;
      if (cluster === undefined) throw new Error("the estate has a cluster");
      await lab.apply(endingAfter(stageDone("spread@both")));
      await lab.sandbox.inject(fault(cluster.id));
      const outcome = await lab.apply({ patience: 0.05 });
      expect(outcome).toMatchObject({ kind: "failed", stage: "switch" });
      expect(new Set(await presentedLeaves(lab.sandbox))).toEqual(new Set([leafOf(plan.serving.current.chain)]));
      const { clusters, refusals } = lab.sandbox.statistics();
      expect(refusals).toEqual([]);
      expect(clusters[cluster.id]).toMatchObject({ connected: true });
      await lab.sandbox.waitUntilConnected(cluster.id);
    },
    5 * MINUTE,
  );
});

test(
  "renew leaves the canary's own minReadySeconds and pods as they were, but for a restart",
  async () => {
    lab = await startRotationLab({ clusters: 1 });
    const before = await agents(lab.sandbox);
    const { certificate, key } = await lab.sandbox.pki.today.issue();
    await lab.prepare({}, lab.directory, { certificate, key });
    // An agent without minReadySeconds has shown itself after 15 s, by a clock that does not run faster here.
    const now = () => new Date(Date.now() + 14_500);
    expect(await lab.apply({ now })).toMatchObject({ kind: "finished" });
    const after = await agents(lab.sandbox);
    for (const [name, { names, ...facts }] of Object.entries(before)) {
      expect(after[name]).toMatchObject(facts);
      expect(after[name]?.names).not.toEqual(names);
    }
    expect(lab.sandbox.statistics().refusals).toEqual([]);
  },
  5 * MINUTE,
);
