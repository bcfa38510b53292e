/**
 * One whole overlap rotation, and the way back, on three real control planes: Rancher's own and those of two clusters.
 * What is shown on the sandbox a thousand times is shown here once on Kubernetes itself.
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { waitUntil } from "../../src/sandbox/scenario/waiting.ts";
import {
  type AgentFacts,
  agents,
  leafOf,
  pinOfServed,
  presentedLeaves,
  secretText,
  servedBundle,
  trustSecret,
} from "../helpers/estate-facts.ts";
import { beginJourney, entry, type Journey, jsonLines } from "../helpers/journey.ts";
import { waitUntilRancherRests } from "../helpers/rancher-ready.ts";
import type { Ended } from "../helpers/run-farrier.ts";
import { presentInstead } from "../helpers/serving-pair.ts";
import { areBuilt } from "./control-plane/binaries.ts";
import { type RealEstate, startRealEstate } from "./control-plane/real-estate.ts";

const MINUTE = 60_000;
const definitions = process.env.RANCHER_CRDS;
const isBuilt = areBuilt("etcd", "kube-apiserver", "kube-controller-manager");
if (isBuilt && definitions === undefined) {
  process.stderr.write("RANCHER_CRDS names no file: the rotation on real control planes is left out\n");
}

describe.skipIf(!isBuilt || definitions === undefined)("on real control planes", () => {
  let journey: Journey<RealEstate>;
  let estate: RealEstate;
  /** What the estate is at the beginning. */
  let trust: string;
  let leaves: readonly string[];
  let pin: string;

  beforeAll(async () => {
    estate = await startRealEstate(definitions ?? "", {
      speed: 1,
      clusters: [{ name: "paris", agents: 2 }, { name: "lagos" }],
      rancher: { startSeconds: [2, 3] },
    });
    journey = await beginJourney(estate, { armingMinReadySeconds: 10 });
    await estate.waitUntilConnected();
    await waitUntilRancherRests(estate);
    trust = await trustSecret(estate);
    leaves = await presentedLeaves(estate);
    pin = pinOfServed(trust.trim());
  }, 5 * MINUTE);

  afterAll(() => journey?.stop(), MINUTE);

  describe("an overlap rotation whose agents are killed before and after widen", () => {
    let applied: Ended;
    let armed: Record<string, AgentFacts>;
    let restarted: Record<string, AgentFacts>;

    beforeAll(async () => {
      await journey.plan("rotation");
      const apply = journey.start("apply", "rotation", "--yes", "-o", "json");
      for (const { id } of estate.clusters) await apply.line(entry("step-done", `${id}/arm-agent@both`));
      // Held still, so that what follows happens between arm and widen.
      apply.process.kill("SIGSTOP");
      await waitUntil(() => counted("pinMismatches").every((count) => count > 0), {
        what: "the waiting pods to fail their start check",
        seconds: 60,
      });
      armed = await agents(estate);
      await killPods(pin);
      await estate.waitUntilConnected();
      restarted = await agents(estate);
      apply.process.kill("SIGCONT");
      await waitUntil(() => isServed(journey.authority.rootPem), { what: "both authorities served", seconds: 120 });
      await killPods(pin);
      await estate.waitUntilConnected();
      applied = await apply.ended;
    }, 12 * MINUTE);

    test("is armed on both sides: every Deployment straddles the two pins", () => {
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

  describe("its rollback", () => {
    test(
      "leads back to the Secrets, the certificate and the pins of the beginning",
      async () => {
        const back = await journey.farrier("rollback", "rotation", "--yes", "-o", "json");
        expect(back).toMatchObject({ code: 0, stderr: "" });
        const outcome = { kind: "finished", worldChanged: true };
        expect(jsonLines(back.stdout).at(-1)).toEqual({ type: "result", outcome, direction: "rollback" });
        expect(await trustSecret(estate)).toBe(trust);
        expect(await presentedLeaves(estate)).toEqual(leaves);
        for (const agent of Object.values(await agents(estate))) expect(new Set(agent.pods)).toEqual(new Set([pin]));
        await estate.waitUntilConnected();
        expect(estate.statistics()).toMatchObject({ refused: 0, refusals: [] });
      },
      10 * MINUTE,
    );
  });

  describe("a flag day, because the certificate has ended while the agents' connections lived on", () => {
    let planned: Ended;
    let applied: Ended;

    beforeAll(async () => {
      const hours = (count: number) => new Date(Date.now() + count * 3_600_000);
      const ended = await estate.pki.today.issue({ notBefore: hours(-48), notAfter: hours(-1) });
      await presentInstead(estate, ended);
      planned = await journey.plan("flag-day", "--replace", "-o", "json");
      applied = await journey.farrier("apply", "flag-day", "--yes", "-o", "json");
    }, 10 * MINUTE);

    test("arms both clusters through the tunnels that live on", () => {
      const { procedure, clusters } = JSON.parse(planned.stdout);
      expect(procedure).toBe("replace");
      const downstream = clusters.filter(({ method }: { method: string }) => method === "patch");
      expect(downstream.map(({ name, reach }: { name: string; reach: string }) => [name, reach]).sort()).toEqual([
        ["lagos", "rancher"],
        ["paris", "rancher"],
      ]);
    });

    test("ends with the target's certificate and bundle, and every agent connected with its pin", async () => {
      expect(applied, applied.stdout).toMatchObject({ code: 0, stderr: "" });
      expect(await presentedLeaves(estate)).toEqual([leafOf(journey.target.certificate)]);
      const target = pinOfServed(await servedBundle(estate));
      expect(await trustSecret(estate)).toContain(journey.authority.rootPem.trim());
      for (const [name, agent] of Object.entries(await agents(estate))) {
        expect([name, agent.pin, new Set(agent.pods)]).toEqual([name, target, new Set([target])]);
      }
      await estate.waitUntilConnected();
    });
  });

  function counted(what: "pinMismatches"): number[] {
    return Object.values(estate.statistics().clusters).map((cluster) => cluster[what]);
  }

  /** Deletes every pod of every agent that has this pin; resolves when they are gone. */
  async function killPods(ofPin: string): Promise<void> {
    await Promise.all(estate.clusters.map(({ name }) => killPodsIn(name, ofPin)));
  }

  async function killPodsIn(cluster: string, ofPin: string): Promise<void> {
    const pods = (await estate.agentPods(cluster)).filter(({ spec }) => JSON.stringify(spec).includes(ofPin));
    const doomed = new Set(pods.map(({ metadata }) => metadata.name));
    expect(doomed.size).toBeGreaterThan(0);
    await Promise.all([...doomed].map((name) => estate.deletePod(cluster, name)));
    const areGone = async () => doomed.isDisjointFrom(new Set(await namesOfPods(cluster)));
    await waitUntil(areGone, { what: `the agent's old pods of ${cluster} to be gone` });
  }

  async function namesOfPods(cluster: string): Promise<string[]> {
    return (await estate.agentPods(cluster)).map(({ metadata }) => metadata.name);
  }

  async function isServed(root: string): Promise<boolean> {
    // While Rancher restarts there is a proxy's page in its place.
    const served = await servedBundle(estate).catch(() => "");
    return served.includes(root.trim());
  }
});
