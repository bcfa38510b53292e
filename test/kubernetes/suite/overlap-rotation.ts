/**
 * One whole overlap rotation, its agents killed before and after `widen`, on clusters whose control planes are
 * Kubernetes' own: whatever runs the pods.
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { waitUntil } from "../../../src/sandbox/scenario/waiting.ts";
import {
  type AgentFacts,
  agents,
  leafOf,
  pinOfServed,
  presentedLeaves,
  secretText,
  servedBundle,
  trustSecret,
} from "../../helpers/estate-facts.ts";
import { entry, type Journey, jsonLines } from "../../helpers/journey.ts";
import type { Ended } from "../../helpers/run-farrier.ts";
import type { RealEstate } from "../control-plane/real-estate.ts";

const MINUTE = 60_000;

export interface Rotated {
  /** Its agents arm with ten seconds. */
  readonly journey: Journey<RealEstate>;
  readonly estate: RealEstate;
  /** Of the bundle that is served at the beginning. */
  readonly pin: string;
}

/** @param subject asked when the tests run. The rotation's directory is `rotation`. */
export function overlapWithKilledAgents(subject: () => Rotated): void {
  describe("an overlap rotation whose agents are killed before and after widen", () => {
    let applied: Ended;
    let armed: Record<string, AgentFacts>;
    let restarted: Record<string, AgentFacts>;

    beforeAll(async () => {
      const { journey, estate, pin } = subject();
      await journey.plan("rotation");
      const apply = journey.start("apply", "rotation", "--yes", "-o", "json");
      for (const { id } of estate.clusters) await apply.line(entry("step-done", `${id}/arm-agent@both`));
      // Held still, so that what follows happens between arm and widen.
      apply.process.kill("SIGSTOP");
      await waitUntil(() => counted("pinMismatches").every((count) => count > 0), {
        what: "the waiting pods to fail their start check",
        seconds: 180,
      });
      armed = await agents(estate);
      await killPods(pin);
      await estate.waitUntilConnected();
      restarted = await agents(estate);
      apply.process.kill("SIGCONT");
      await waitUntil(() => isServed(journey.authority.rootPem), { what: "both authorities served", seconds: 300 });
      await killPods(pin);
      await estate.waitUntilConnected();
      applied = await apply.ended;
    }, 12 * MINUTE);

    test("is armed on both sides: every Deployment straddles the two pins", () => {
      const { pin } = subject();
      for (const { pods, minReadySeconds, pin: next } of Object.values(armed)) {
        expect(new Set(pods)).toEqual(new Set([pin, next]));
        expect(next).not.toBe(pin);
        expect(minReadySeconds).toBe(10);
      }
    });

    test("has the killed agents made again with the present pin, while the others go on waiting", () => {
      for (const [name, { pods, names }] of Object.entries(restarted)) {
        expect(pods).toEqual(armed[name]?.pods);
        expect(names).not.toEqual(armed[name]?.names);
      }
    });

    test("finishes", () => {
      expect(applied).toMatchObject({ code: 0, stderr: "" });
      const outcome = { kind: "finished", worldChanged: true };
      expect(jsonLines(applied.stdout).at(-1)).toEqual({ type: "result", outcome, direction: "forward" });
    });

    test("leaves the target's bytes in both Secrets, and Rancher serves and presents them", async () => {
      const { journey, estate } = subject();
      const { intermediatePem, rootPem } = journey.authority;
      const canonical = `${intermediatePem.trim()}\n${rootPem.trim()}\n`;
      expect(await trustSecret(estate)).toBe(canonical);
      expect(await servedBundle(estate)).toBe(canonical.trim());
      expect(await secretText(estate, "tls-rancher-ingress", "tls.crt")).toBe(journey.target.certificate);
      expect(await secretText(estate, "tls-rancher-ingress", "tls.key")).toBe(
        await readFile(join(journey.folder, "tls.key"), "utf8"),
      );
      expect(await presentedLeaves(estate)).toEqual([leafOf(journey.target.certificate)]);
    });

    test("moves every agent, connected, and none ever met a chain that it refused", async () => {
      const { estate } = subject();
      const target = pinOfServed(await servedBundle(estate));
      for (const [name, agent] of Object.entries(await agents(estate))) {
        expect([name, agent.pin, new Set(agent.pods), agent.minReadySeconds]).toEqual([
          name,
          target,
          new Set([target]),
          0,
        ]);
      }
      await estate.waitUntilConnected();
      expect(estate.statistics()).toMatchObject({ refused: 0, refusals: [] });
    });
  });

  function counted(what: "pinMismatches"): number[] {
    return Object.values(subject().estate.statistics().clusters).map((cluster) => cluster[what]);
  }

  /** Deletes every pod of every agent that has this pin; resolves when they are gone. */
  async function killPods(ofPin: string): Promise<void> {
    await Promise.all(subject().estate.clusters.map(({ name }) => killPodsIn(name, ofPin)));
  }

  async function killPodsIn(cluster: string, ofPin: string): Promise<void> {
    const { estate } = subject();
    const pods = (await estate.agentPods(cluster)).filter(({ spec }) => JSON.stringify(spec).includes(ofPin));
    const doomed = new Set(pods.map(({ metadata }) => metadata.name));
    expect(doomed.size).toBeGreaterThan(0);
    await Promise.all([...doomed].map((name) => estate.deletePod(cluster, name)));
    const areGone = async () => doomed.isDisjointFrom(new Set(await namesOfPods(cluster)));
    await waitUntil(areGone, { what: `the agent's old pods of ${cluster} to be gone` });
  }

  async function namesOfPods(cluster: string): Promise<string[]> {
    return (await subject().estate.agentPods(cluster)).map(({ metadata }) => metadata.name);
  }

  async function isServed(root: string): Promise<boolean> {
    // While Rancher restarts there is a proxy's page in its place.
    const served = await servedBundle(subject().estate).catch(() => "");
    return served.includes(root.trim());
  }
}
