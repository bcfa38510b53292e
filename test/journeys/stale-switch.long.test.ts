/** A Rancher that starts from a stale Secret when the new certificate is on, long after the bundle was widened. */
import { hostname } from "node:os";
import { expect, test } from "vitest";
import { applyRotation } from "../../src/execute/apply.ts";
import type { JournalEntry } from "../../src/journal/entry.ts";
import { trustSecret } from "../helpers/estate-facts.ts";
import { killable } from "../helpers/killable-world.ts";
import { startRotationLab } from "../helpers/rotation-lab.ts";

const MINUTE = 60_000;
const RESTART = "rancher/restart-rancher";

test(
  "the switch is not done before Rancher serves what its Secret holds again, and nobody is armed with the old bundle",
  async () => {
    const lab = await startRotationLab({ clusters: 1, speed: 200 });
    try {
      const plan = await lab.prepare();
      const real = await lab.openWorld();
      const { world, kill } = killable(real);
      const afterFlush = ({ type, step }: JournalEntry): void => {
        if (type === "step-started" && step === RESTART) void lab.sandbox.inject({ kind: "stale-rancher" });
        if (type === "step-done" && step === RESTART) kill();
      };
      const { directory, environment, now } = lab;
      const holder = { id: "dead", host: hostname(), pid: 2 ** 30, started: "0" };
      const life = { directory, world, identity: { environment }, now, holder, observers: [{ afterFlush }] };
      await expect(applyRotation(life)).rejects.toThrow("killed");
      const both = plan.epochs[1]?.bundle;
      expect(await trustSecret(lab.sandbox)).toBe(both);
      expect((await real.rancher.cacerts()).value).toBe(both?.trim());
      await real.close();
      expect(await lab.apply()).toMatchObject({ kind: "finished" });
      expect(lab.sandbox.statistics().refusals).toEqual([]);
    } finally {
      await lab.stop();
    }
  },
  5 * MINUTE,
);
